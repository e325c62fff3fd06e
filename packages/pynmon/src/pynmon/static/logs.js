// Log lines and their small timeline point at each other, addresses lead to a line, files are read. It works without, too.
(() => {
  "use strict";

  const form = document.querySelector(".paste");
  if (!form) return;
  const log = document.querySelector(".log");
  const svg = document.querySelector("#when .lanes");

  // -- addresses of lines: the lines go to the server, the number of one stays here -------------------------

  const sought = document.getElementById("sought");

  function seek() {
    const number = /^#l(\d+)$/.exec(location.hash)?.[1];
    if (!number) return;
    sought.hidden = Boolean(document.getElementById(`l${number}`));
    sought.querySelector("b").textContent = number;
  }

  form.addEventListener("submit", ({ submitter }) => {
    const [owner, name] = submitter?.hasAttribute("formaction") ? [submitter, "formaction"] : [form, "action"];
    owner.setAttribute(name, owner.getAttribute(name).split("#")[0] + location.hash);
  });
  window.addEventListener("hashchange", seek);
  seek();

  // -- files ------------------------------------------------------------------------------------------------

  const file = form.querySelector("[type=file]");

  async function read(one) {
    if (one) form.querySelector("textarea").value = await one.text();
  }

  file.parentElement.hidden = false;
  // It has no name: only what is in the field is sent.
  file.addEventListener("change", () => read(file.files[0]));
  form.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    form.classList.add("drop");
  });
  form.addEventListener("dragleave", () => form.classList.remove("drop"));
  form.addEventListener("drop", (event) => {
    form.classList.remove("drop");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    read(event.dataTransfer.files[0]);
  });

  // -- the cursor: one instant in the lines and on the timeline -----------------------------------------------

  if (!log || !svg) return;
  const [[since, left], [until, right]] = JSON.parse(svg.dataset.knots);
  const timed = [...log.querySelectorAll("[data-at]")].map((line) => ({ line, at: Number(line.dataset.at) }));
  const cursor = document.createElementNS("http://www.w3.org/2000/svg", "line");
  cursor.setAttribute("class", "cursor");
  cursor.setAttribute("y2", svg.viewBox.baseVal.y + svg.viewBox.baseVal.height);

  function point(line) {
    for (const one of document.querySelectorAll("#when .on, .log .on")) one.classList.remove("on");
    line.classList.add("on");
    if (!line.dataset.at) { cursor.remove(); return; }
    const x = left + ((right - left) * (Number(line.dataset.at) - since)) / (until - since);
    cursor.setAttribute("x1", x);
    cursor.setAttribute("x2", x);
    svg.append(cursor);
    // What it names.
    const named = new Set([...line.querySelectorAll("a")].map((link) => link.getAttribute("href")));
    for (const bar of svg.querySelectorAll("g > a")) bar.classList.toggle("on", named.has(bar.getAttribute("href")));
  }

  function nearest(event) {
    const matrix = svg.getScreenCTM();
    const x = (event.clientX - matrix.e) / matrix.a;
    const at = since + ((until - since) * (x - left)) / (right - left);
    return timed.reduce((best, one) => (Math.abs(one.at - at) < Math.abs(best.at - at) ? one : best), timed[0])?.line;
  }

  // Within the lines only: the page stays where it is.
  function bring(line) {
    point(line);
    log.scrollTop = line.offsetTop - (log.clientHeight - line.offsetHeight) / 2;
  }

  for (const name of ["pointerover", "focusin"]) {
    log.addEventListener(name, (event) => {
      const line = event.target.closest("li");
      if (line) point(line);
    });
  }
  svg.addEventListener("pointermove", (event) => {
    const line = nearest(event);
    if (line && !line.matches(".on")) bring(line);
  });
  svg.addEventListener("click", (event) => {
    if (!event.target.closest("a")) nearest(event)?.querySelector(".nr").focus();
  });
  const target = log.querySelector("li:has(:target)");
  if (target) point(target);
})();
