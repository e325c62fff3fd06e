// What a line has no room for is told where the pointer is: the whole id, words that are cut off, what a strip says.
(() => {
  "use strict";

  const SVG = "http://www.w3.org/2000/svg";
  const isCut = (one) => one.scrollWidth > one.clientWidth;
  let pointed = null;

  function tell() {
    const one = pointed?.closest?.("a.id, a.task, button.peek, svg.beats, td");
    if (!one || one.title || one.firstElementChild?.matches("title")) return;
    if (one.matches("a.id")) one.title = decodeURIComponent(new URL(one.href).pathname.split("/").pop());
    else if (one.matches("button")) one.title = "Look at it here (o)";
    else if (one.matches("svg")) one.prepend(Object.assign(document.createElementNS(SVG, "title"), { textContent: one.getAttribute("aria-label") }));
    else if (isCut(one)) one.title = one.textContent;
  }

  document.addEventListener("pointerover", (event) => { pointed = event.target; tell(); });
  // A page that lives takes away what the server did not say.
  document.addEventListener("htmx:afterSwap", tell);
})();
