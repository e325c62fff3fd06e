// The names of the pages at the side, or only their icons: as the width of the screen says, until somebody chooses.
(() => {
  "use strict";

  const fold = document.getElementById("fold");
  if (!fold) return;
  const root = document.documentElement;
  const areNames = () => getComputedStyle(root).getPropertyValue("--names").trim() !== "none";

  function show() {
    const word = areNames() ? "Icons only" : "Names";
    fold.querySelector("span").textContent = word;
    fold.title = word;
    fold.setAttribute("aria-label", word);
    fold.setAttribute("aria-expanded", String(areNames()));
  }

  fold.hidden = false;
  fold.addEventListener("click", () => {
    root.dataset.side = areNames() ? "narrow" : "wide";
    try { localStorage.setItem("pynmon-side", root.dataset.side); } catch { /* For this page, then. */ }
    show();
  });
  window.addEventListener("resize", show);
  show();
})();
