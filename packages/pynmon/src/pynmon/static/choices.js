// What is chosen for all pages: the server makes them so, and a cookie tells it.
(() => {
  "use strict";

  for (const one of document.querySelectorAll(".choices")) one.hidden = false;
  document.addEventListener("change", ({ target }) => {
    const name = target.dataset?.cookie;
    if (!name) return;
    document.cookie = `${name}=${target.value}; path=/; max-age=${target.value ? 31536000 : 0}; samesite=strict`;
    if (target.id === "rows") document.documentElement.dataset.rows = target.value;
  });
})();
