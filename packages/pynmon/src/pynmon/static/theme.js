// Before anything is painted: what scripts offer, and the form of the navigation that was chosen here.
document.documentElement.classList.add("scripted");
try {
  const side = localStorage.getItem("pynmon-side");
  if (side === "narrow" || side === "wide") document.documentElement.dataset.side = side;
} catch {
  // Storage may be forbidden; then it is as the width of the screen says.
}
