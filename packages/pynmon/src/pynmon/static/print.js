// What is printed says where it is from, as the browser knows it: the server may be known by another name.
(() => {
  "use strict";

  const show = () => { document.querySelector(".foot .address").textContent = location.href; };

  window.addEventListener("beforeprint", show);
  show();
})();
