// Before anything is painted: what scripts offer, and the theme that was chosen here.
document.documentElement.classList.add("scripted");
try {
  const theme = localStorage.getItem("pynmon-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden; then the system's theme it is.
}
