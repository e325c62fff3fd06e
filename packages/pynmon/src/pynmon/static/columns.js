// Columns of lists that somebody does not want to see: the server leaves them out, and a cookie tells it which.
(() => {
  "use strict";

  const columns = document.getElementById("columns");
  if (!columns) return;
  const boxes = [...columns.querySelectorAll("input")];

  function apply() {
    for (const table of document.querySelectorAll(".records")) {
      for (const { value, checked } of boxes) table.classList.toggle(`without-${value}`, !checked);
    }
  }

  columns.hidden = false;
  columns.addEventListener("change", () => {
    const without = boxes.filter((one) => !one.checked).map((one) => one.value);
    document.cookie = `pynmon-without=${without.join(".")}; path=/; max-age=${without.length ? 31536000 : 0}; samesite=strict`;
    apply();
  });
  // What was asked for before a choice is answered without it.
  document.addEventListener("htmx:afterSwap", apply);
})();
