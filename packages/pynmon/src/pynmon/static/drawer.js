// One invocation beside what the page shows: it is asked for when somebody wants it, and lives as pages do.
(() => {
  "use strict";

  const drawer = document.getElementById("drawer");
  if (!drawer) return;
  const LINK = /\/invocations\/[^/?]+$/;

  // What is meant: a link to an invocation, or the one of the line.
  function linkAt(place) {
    const own = place.closest("a");
    return own && LINK.test(own.getAttribute("href")) ? own : place.closest("tr, li")?.querySelector("a.id");
  }

  async function look(place) {
    const link = linkAt(place);
    if (!link || !LINK.test(link.getAttribute("href")) || drawer.open) return;
    await htmx.ajax("GET", `${link.getAttribute("href")}/peek`, { target: "#peek", swap: "outerHTML" });
    // The dialog keeps the focus inside, closes with Esc, and gives the focus back.
    if (document.getElementById("peek-title")) drawer.showModal();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest(".peek");
    if (button) look(button);
    // Beside it.
    if (event.target === drawer) drawer.close();
  });
  document.addEventListener("peek", (event) => look(event.target));
  drawer.addEventListener("close", () => {
    const empty = document.createElement("div");
    empty.id = "peek";
    document.getElementById("peek").replaceWith(empty);
  });
})();
