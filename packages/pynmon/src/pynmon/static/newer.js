// How many have come, while a list stands still because somebody reads or marks something in it.
(() => {
  "use strict";

  const newer = document.getElementById("newer");
  if (!newer) return;

  document.addEventListener("held", async () => {
    const address = document.getElementById("content").getAttribute("hx-get");
    const answer = address && await fetch(address).catch(() => null);
    if (!answer?.ok) return;
    const found = new DOMParser().parseFromString(await answer.text(), "text/html");
    const rows = [...found.querySelectorAll("#content tbody tr[id]")];
    const number = rows.filter((row) => !document.getElementById(row.id)).length;
    newer.hidden = number === 0;
    newer.textContent = `${number}${number === rows.length ? "+" : ""} newer`;
  });
  document.addEventListener("htmx:afterSwap", () => { newer.hidden = true; });
  newer.addEventListener("click", () => {
    // Whoever wants to see them lets go of what was chosen.
    for (const box of document.querySelectorAll(".pick:checked")) box.checked = false;
    document.getSelection().removeAllRanges();
    window.scrollTo(0, 0);
    htmx.trigger("#content", "changed");
  });
})();
