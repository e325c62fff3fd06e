// The timeline: what ran under the pointer, windows that are drawn with it, neighbours by key. It works without, too.
(() => {
  "use strict";
  const told = document.getElementById("told");
  if (!told) return;
  const HOVER_MS = 60;
  // Less is a click.
  const DRAWN = 5;
  const SHORTEST_MS = 6;
  const picture = () => document.querySelector(".timeline svg[data-knots]");
  let asked = 0;
  let timer = null;
  let isPinned = false;
  let start = null;
  let isDrawn = false;

  // -- places and instants ------------------------------------------------------------------------------

  function placeOf(event, svg) {
    const matrix = svg.getScreenCTM();
    return { x: (event.clientX - matrix.e) / matrix.a, y: (event.clientY - matrix.f) / matrix.d };
  }

  const knotsOf = (svg) => JSON.parse(svg.dataset.knots);

  function instantOf(x, svg) {
    const knots = knotsOf(svg);
    const found = knots.findIndex(([, place]) => x <= place);
    const after = found < 0 ? knots.length - 1 : Math.max(1, found);
    const [[t1, x1], [t2, x2]] = [knots[after - 1], knots[after]];
    return t1 + ((t2 - t1) * Math.min(1, Math.max(0, (x - x1) / (x2 - x1))));
  }

  const text = (at) => new Date(at * 1000).toISOString();

  function windowOf(x1, x2, svg) {
    const [since, until] = [instantOf(Math.min(x1, x2), svg), instantOf(Math.max(x1, x2), svg)];
    return { from: text(since), to: text(Math.max(until, since + SHORTEST_MS / 1000)) };
  }

  // -- what the server tells ----------------------------------------------------------------------------

  async function tell(address, at) {
    const own = ++asked;
    const response = await fetch(address, { headers: { "HX-Request": "true" } });
    if (own !== asked || !response.ok) return;
    const found = new DOMParser().parseFromString(await response.text(), "text/html");
    told.replaceChildren(...found.body.childNodes);
    told.hidden = false;
    // Beside the pointer, and on the screen.
    told.style.left = `${Math.max(8, Math.min(at.x + 14, innerWidth - told.offsetWidth - 16))}px`;
    told.style.top = `${Math.max(8, Math.min(at.y + 14, innerHeight - told.offsetHeight - 16))}px`;
  }

  function hush() {
    asked += 1;
    isPinned = false;
    told.hidden = true;
  }

  function totals(words, at) {
    const address = new URL(document.querySelector("[data-totals]").href);
    if (words.from) address.searchParams.delete("range");
    for (const [name, value] of Object.entries(words)) address.searchParams.set(name, value);
    isPinned = true;
    tell(address, at);
  }

  function askAt(event, svg) {
    const { x, y } = placeOf(event, svg);
    const lane = [...svg.querySelectorAll("[data-lane]")].find((one) => {
      const top = Number(one.getAttribute("y"));
      return top <= y && y < top + Number(one.getAttribute("height"));
    });
    if (!lane || x < knotsOf(svg)[0][1]) return;
    const address = new URL(svg.dataset.at, location.href);
    address.searchParams.set("at", instantOf(x, svg).toFixed(4));
    address.searchParams.set("near", Math.abs(instantOf(x + 1, svg) - instantOf(x, svg)).toFixed(4));
    address.searchParams.set("lane", lane.dataset.lane);
    tell(address, { x: event.clientX, y: event.clientY });
  }

  // -- the pointer --------------------------------------------------------------------------------------

  function paint(svg, x1, x2) {
    const old = svg.querySelector(".drawn");
    const rect = old ?? document.createElementNS("http://www.w3.org/2000/svg", "rect");
    rect.setAttribute("class", "drawn");
    rect.setAttribute("x", Math.min(x1, x2));
    rect.setAttribute("width", Math.abs(x2 - x1));
    rect.setAttribute("y", 0);
    rect.setAttribute("height", svg.viewBox.baseVal.height);
    if (!old) svg.append(rect);
  }

  document.addEventListener("dragstart", (event) => { if (event.target.closest?.(".timeline")) event.preventDefault(); });

  document.addEventListener("pointerdown", (event) => {
    if (!told.hidden && !told.contains(event.target)) hush();
    const svg = picture();
    // A finger scrolls.
    if (!svg?.contains(event.target) || event.button !== 0 || event.pointerType === "touch") return;
    start = placeOf(event, svg);
    isDrawn = false;
    if (event.shiftKey) event.preventDefault();
  });

  document.addEventListener("pointermove", (event) => {
    const svg = picture();
    clearTimeout(timer);
    if (!svg) return;
    if (start) {
      const { x } = placeOf(event, svg);
      isDrawn ||= Math.abs(x - start.x) >= DRAWN;
      if (isDrawn) { getSelection().removeAllRanges(); paint(svg, start.x, x); }
    } else if (svg.dataset.at && !isPinned && event.pointerType !== "touch" && svg.contains(event.target)) {
      timer = setTimeout(() => askAt(event, svg), HOVER_MS);
    }
  });

  document.addEventListener("pointerup", (event) => {
    const svg = picture();
    if (!start || !svg) { start = null; return; }
    const from = start;
    start = null;
    svg.querySelector(".drawn")?.remove();
    if (!isDrawn) return;
    const words = windowOf(from.x, placeOf(event, svg).x, svg);
    if (event.shiftKey) totals(words, { x: event.clientX, y: event.clientY });
    else show(words);
  });

  // Where a window was drawn over a link, that was no click on it.
  document.addEventListener("click", (event) => {
    const svg = picture();
    if (isDrawn) { isDrawn = false; event.preventDefault(); event.stopPropagation(); return; }
    if (svg?.dataset.at && svg.contains(event.target) && !event.target.closest("a")) {
      askAt(event, svg);
      isPinned = true;
    }
    const link = event.target.closest?.("[data-totals]");
    if (link && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      const box = link.getBoundingClientRect();
      totals({}, { x: box.left, y: box.bottom });
    }
  }, true);

  function show(words) {
    const address = new URL(location.href);
    address.searchParams.delete("range");
    for (const [name, value] of Object.entries(words)) address.searchParams.set(name, value);
    location.assign(address);
  }

  // -- keys ---------------------------------------------------------------------------------------------

  const xOf = (link) => Number(link.querySelector("rect").getAttribute("x"));

  // The next bar on the lane of the one that has the focus; without one the first of all.
  function step(by) {
    const bar = document.activeElement.closest?.(".timeline g > a");
    const lane = bar?.parentElement ?? document.querySelector(".timeline g");
    const bars = [...(lane?.querySelectorAll("a") ?? [])].sort((a, b) => xOf(a) - xOf(b));
    const next = bar ? bars[bars.indexOf(bar) + by] : bars[0];
    next?.focus();
    next?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  // The bar that has the focus as half of the window.
  function fit() {
    const rect = document.activeElement.closest?.(".timeline g > a")?.querySelector("rect");
    if (!rect) return;
    const [x, width] = ["x", "width"].map((name) => Number(rect.getAttribute(name)));
    const [since, until] = [instantOf(x, picture()), instantOf(x + width, picture())];
    const room = Math.max((until - since) / 2, SHORTEST_MS / 1000);
    show({ from: text(since - room), to: text(until + room) });
  }

  const KEYS = {
    ",": () => step(-1),
    ".": () => step(1),
    f: fit,
    m: () => document.querySelector("[data-totals]").click(),
    Escape: hush,
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog")) return;
    if (Object.hasOwn(KEYS, event.key)) KEYS[event.key]();
  });
})();
