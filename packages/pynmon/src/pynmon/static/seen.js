// Kinds of failure that somebody opened in this browser. Nobody else learns of it: looking changes nothing.
(() => {
  "use strict";

  const KEY = `pynmon-seen ${document.body.dataset.app}`;
  const MOST = 500;
  const opened = document.querySelector("[data-opened]");

  // When each failed last, as far as somebody saw it.
  function seen() {
    try {
      const found = JSON.parse(localStorage.getItem(KEY) ?? "[]");
      return new Map(Array.isArray(found) ? found.filter((one) => Array.isArray(one)) : []);
    } catch { return new Map(); }
  }

  function show() {
    const kinds = seen();
    for (const cell of document.querySelectorAll("[data-kind]")) {
      const badge = cell.querySelector(".st-failed, .st-pending-recovery");
      if (!badge || !(kinds.get(cell.dataset.kind) >= Number(cell.dataset.at))) continue;
      badge.classList.replace("st-failed", "st-registered");
      badge.classList.replace("st-pending-recovery", "st-registered");
      badge.classList.remove("g-ret");
      badge.lastChild.textContent = "seen";
    }
  }

  if (opened) {
    const kinds = seen();
    kinds.delete(opened.dataset.opened);
    kinds.set(opened.dataset.opened, Number(opened.dataset.at));
    try { localStorage.setItem(KEY, JSON.stringify([...kinds].slice(-MOST))); } catch { /* Then it stays new. */ }
  }
  document.addEventListener("htmx:afterSwap", show);
  show();
})();
