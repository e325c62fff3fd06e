// Before anything is painted: what scripts offer, the theme and the form of the navigation that were chosen here.
document.documentElement.classList.add("scripted");
try {
  const theme = localStorage.getItem("pynmon-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  const side = localStorage.getItem("pynmon-side");
  if (side === "narrow" || side === "wide") document.documentElement.dataset.side = side;
} catch {
  // Storage may be forbidden; then the system's theme it is.
}
