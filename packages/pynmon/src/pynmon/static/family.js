// The family of the bar that is selected, or that the pointer stays on: marked on all lanes, with a line from whoever called to what was called.
(() => {
  "use strict";

  const told = document.getElementById("told");
  if (!told) return;
  const svg = () => document.querySelector(".timeline svg[data-family]");
  const SVG = "http://www.w3.org/2000/svg";
  const STAYS_MS = 300;
  let asked = 0;
  let family = [];
  let timer = null;
  // Whether it is marked only as long as the pointer is there.
  let isPassing = false;

  function clear() {
    for (const one of document.querySelectorAll(".timeline .kin")) one.classList.remove("kin");
    for (const one of document.querySelectorAll(".timeline .call")) one.remove();
    svg()?.classList.remove("has-kin");
  }

  function forget() {
    asked += 1;
    family = [];
    isPassing = false;
    clear();
  }

  async function ask(address) {
    const response = await fetch(address);
    if (!response.ok) throw new Error(`${response.status}`);
    return response.json();
  }

  async function familyOf(id) {
    const [one, root] = [svg().dataset.one, svg().dataset.family];
    const { invocation } = await ask(one + encodeURIComponent(id));
    const { run, members } = await ask(root + encodeURIComponent(invocation.root_id));
    return [run, ...members];
  }

  // The first bar of each: where it began.
  function barsOf(members) {
    const found = new Map();
    const ids = new Set(members.map((one) => one.invocation_id));
    for (const link of document.querySelectorAll(".timeline g > a")) {
      const id = decodeURIComponent(link.getAttribute("href").split("/").pop());
      if (!ids.has(id)) continue;
      link.classList.add("kin");
      const rect = link.querySelector("rect");
      const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => Number(rect.getAttribute(name)));
      const other = found.get(id);
      if (!other || x < other.x) found.set(id, { x, y: y + height / 2, right: x + width });
    }
    return found;
  }

  function draw() {
    clear();
    if (!family.length || !svg()) return;
    svg().classList.add("has-kin");
    const bars = barsOf(family);
    if ("nolines" in svg().dataset) return;
    for (const { invocation_id: id, parent_id: parent } of family) {
      const [from, to] = [bars.get(parent), bars.get(id)];
      if (!from || !to) continue;
      const line = document.createElementNS(SVG, "path");
      line.setAttribute("class", "call");
      // From where the caller was when it called, as far as its bar reaches.
      line.setAttribute("d", `M${Math.min(Math.max(to.x, from.x), from.right)} ${from.y}L${to.x} ${to.y}`);
      svg().append(line);
    }
  }

  const barAt = (place) => place.closest?.(".timeline g > a[href*='/invocations/']");

  async function show(link) {
    if (!link || !svg()) return;
    forget();
    const own = asked;
    const id = decodeURIComponent(link.getAttribute("href").split("/").pop());
    const members = await familyOf(id).catch(() => []);
    if (own !== asked) return;
    family = members;
    draw();
  }

  // Of the one that the pointer stays on, as long as none is selected.
  document.addEventListener("pointerover", (event) => {
    clearTimeout(timer);
    const link = barAt(event.target);
    if (isPassing && !link?.matches(".kin")) forget();
    if (!link || family.length || event.pointerType === "touch") return;
    timer = setTimeout(async () => { await show(link); isPassing = true; if (family.length < 2) forget(); }, STAYS_MS);
  });

  document.addEventListener("peek", (event) => show(barAt(event.target)));

  // A page that lives is drawn anew, without it.
  document.addEventListener("htmx:afterSwap", draw);

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog")) return;
    if (event.key === "h") show(barAt(document.activeElement));
    if (event.key === "Escape") forget();
  });
})();
