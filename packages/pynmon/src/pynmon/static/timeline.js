// The timeline: what ran under the pointer, windows that are drawn with it, neighbours by key. It works without, too.
(() => {
  "use strict";
  const told = document.getElementById("told");
  if (!told) return;
  const HOVER_MS = 60;
  const TURNED_MS = 200;
  // Less is a click.
  const DRAWN = 5;
  const SHORTEST_MS = 6;
  // Half of what an eye can tell apart; and so many bars are offered at one place.
  const NEAR = 0.5;
  const OFFERED = 12;
  // As the server has it, and a little less.
  const LONGEST_S = 7 * 86400 - 1;
  const WINDOW = ["range", "begin", "end"];
  const picture = () => document.querySelector(".timeline .lanes");
  // Where windows are drawn: the lanes, and the strip above them.
  const surfaceOf = (event) => event.target.closest?.(".timeline .lanes, .overview");
  let asked = 0;
  let timer = null;
  let isPinned = false;
  // Whether only the words of one bar are shown.
  let isName = false;
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

  // Beside the pointer, and on the screen.
  function put(nodes, at) {
    told.replaceChildren(...nodes);
    told.hidden = false;
    told.style.left = `${Math.max(8, Math.min(at.x + 14, innerWidth - told.offsetWidth - 16))}px`;
    told.style.top = `${Math.max(8, Math.min(at.y + 14, innerHeight - told.offsetHeight - 16))}px`;
  }

  async function tell(address, at) {
    const own = ++asked;
    const response = await fetch(address, { headers: { "HX-Request": "true" } });
    if (own !== asked || !response.ok) return;
    const found = new DOMParser().parseFromString(await response.text(), "text/html");
    isName = false;
    put(found.body.childNodes, at);
  }

  function hush() {
    asked += 1;
    isPinned = isName = false;
    told.hidden = true;
  }

  function totals(words, at) {
    const address = new URL(document.querySelector("[data-totals]").href);
    if (words.from) for (const name of WINDOW) address.searchParams.delete(name);
    for (const [name, value] of Object.entries(words)) address.searchParams.set(name, value);
    isPinned = true;
    tell(address, at);
  }

  function laneAt(y) {
    return [...document.querySelectorAll(".timeline [data-lane]")].find(({ dataset: { top, height } }) => Number(top) <= y && y < Number(top) + Number(height));
  }

  function askAt(event, svg) {
    const { x, y } = placeOf(event, svg);
    const lane = laneAt(y);
    if (!lane || x < knotsOf(svg)[0][1]) return;
    // Where each bar is a link, only of those that are too many is more to be told.
    if (svg.dataset.one && !("crowd" in lane.dataset)) return;
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
    rect.setAttribute("y", svg.viewBox.baseVal.y);
    rect.setAttribute("height", svg.viewBox.baseVal.height);
    if (!old) svg.append(rect);
  }

  document.addEventListener("dragstart", (event) => { if (event.target.closest?.(".timeline, .overview")) event.preventDefault(); });

  document.addEventListener("pointerdown", (event) => {
    if (!told.hidden && !told.contains(event.target)) hush();
    const svg = surfaceOf(event);
    // A finger scrolls the lanes.
    if (!svg || event.button !== 0 || (event.pointerType === "touch" && !svg.matches(".overview"))) return;
    start = { ...placeOf(event, svg), svg };
    isDrawn = false;
    if (event.shiftKey) event.preventDefault();
  });

  document.addEventListener("pointermove", (event) => {
    const svg = picture();
    const bar = event.target.closest?.(".lanes g > a");
    clearTimeout(timer);
    if (isName && !bar) hush();
    if (start) {
      const { x } = placeOf(event, start.svg);
      isDrawn ||= Math.abs(x - start.x) >= DRAWN;
      if (isDrawn) { getSelection().removeAllRanges(); paint(start.svg, start.x, x); }
    } else if (bar) {
      const words = bar.getAttribute("aria-label");
      if (words && !isPinned && event.pointerType !== "touch") timer = setTimeout(() => { put([words], { x: event.clientX, y: event.clientY }); isName = true; }, HOVER_MS);
    } else if (svg?.dataset.at && !isPinned && event.pointerType !== "touch" && svg.contains(event.target)) {
      timer = setTimeout(() => askAt(event, svg), HOVER_MS);
    }
  });

  document.addEventListener("pointerup", (event) => {
    if (!start) return;
    const { x, svg } = start;
    start = null;
    svg.querySelector(".drawn")?.remove();
    if (!isDrawn) return;
    const words = windowOf(x, placeOf(event, svg).x, svg);
    if (event.shiftKey) totals(words, { x: event.clientX, y: event.clientY });
    else show(words, svg);
  });

  document.addEventListener("pointercancel", () => {
    start?.svg.querySelector(".drawn")?.remove();
    start = null;
  });

  // Closer to what is under the pointer, or further from it: all turns of a wheel within a moment together.
  let turns = 0;
  let turning = null;
  document.addEventListener("wheel", (event) => {
    const svg = picture();
    if (!event.ctrlKey || !svg?.contains(event.target)) return;
    event.preventDefault();
    turns += Math.sign(event.deltaY);
    clearTimeout(turning);
    turning = setTimeout(() => {
      const knots = knotsOf(svg);
      const [since, until] = [knots[0][0], knots.at(-1)[0]];
      const at = instantOf(placeOf(event, svg).x, svg);
      const factor = Math.min(1.5 ** turns, LONGEST_S / (until - since));
      // Wider than the whole is a window of its own.
      const words = { from: text(at - (at - since) * factor), to: text(Math.max(at + (until - at) * factor, at + SHORTEST_MS / 1000)) };
      show(words, turns < 0 ? svg : null);
    }, TURNED_MS);
  }, { passive: false });

  // Where a window was drawn over a link, that was no click on it.
  document.addEventListener("click", (event) => {
    const svg = picture();
    if (isDrawn) { isDrawn = false; event.preventDefault(); event.stopPropagation(); return; }
    const bar = event.target.closest?.(".lanes[data-one] g > a[href*='/invocations/']");
    // Selected: beside the lanes, on which its family is marked. Other clicks of a mouse open its page, as Enter does.
    if (bar && event.detail > 0 && event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      const bars = barsAt(event, bar);
      if (bars.length > 1) offer(bars, { x: event.clientX, y: event.clientY });
      else select(bar);
    } else if (svg?.dataset.columns && svg.contains(event.target) && !event.target.closest("a")) column(event, svg);
    else if (svg?.dataset.at && svg.contains(event.target) && !event.target.closest("a")) {
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

  const wordsOf = (bar) => bar.getAttribute("aria-label") ?? bar.querySelector("title").textContent;

  function select(bar) {
    hush();
    bar.focus();
    bar.dispatchEvent(new CustomEvent("peek", { bubbles: true }));
  }

  // All that are drawn where the pointer is, as far as an eye can tell: the one above hides the others.
  function barsAt(event, bar) {
    const { x, y } = placeOf(event, picture());
    return [...bar.parentElement.children].filter((one) => {
      const { x: left, y: top, width, height } = one.querySelector("rect").getBBox();
      return left - NEAR <= x && x <= left + width + NEAR && top <= y && y <= top + height;
    });
  }

  function offer(bars, at) {
    const list = document.createElement("ul");
    list.className = "plain";
    for (const bar of bars.slice(0, OFFERED)) {
      const link = document.createElement("a");
      link.href = bar.getAttribute("href");
      link.textContent = wordsOf(bar);
      link.addEventListener("click", (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        select(bar);
      });
      const item = document.createElement("li");
      item.append(link);
      list.append(item);
    }
    put([list, bars.length > OFFERED ? `and ${bars.length - OFFERED} more: come closer` : ""], at);
    isName = false;
    isPinned = true;
  }

  // Where columns are drawn: closer to the one under the pointer.
  function column(event, svg) {
    const { x } = placeOf(event, svg);
    const [left, right] = [knotsOf(svg)[0][1], knotsOf(svg).at(-1)[1]];
    const wide = (right - left) / Number(svg.dataset.columns);
    const at = left + Math.floor((x - left) / wide) * wide;
    if (x >= left) show(windowOf(at, at + wide, svg), svg);
  }

  // A window of its own, or a part of the one that the surface says.
  function show({ from, to }, svg) {
    const address = new URL(location.href);
    for (const name of WINDOW) address.searchParams.delete(name);
    const whole = svg?.dataset ?? {};
    const words = whole.from ? { from: whole.from, to: whole.to, begin: from, end: to } : { from, to };
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
    if (!next) return;
    for (const one of document.querySelectorAll(".timeline g > a[tabindex='0']")) one.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
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

  // The strip: one stop of the Tab key, arrows lead along it, with Shift they choose.
  const choices = () => [...document.querySelectorAll(".overview a")];
  let anchor = null;

  function stop() {
    // So are all bars.
    document.querySelectorAll(".timeline g > a").forEach((one, at) => { one.tabIndex = at ? -1 : 0; });
    choices().forEach((one, at) => { one.tabIndex = at ? -1 : 0; });
  }

  function walk(link, by, isChosen) {
    const all = choices();
    const at = all.indexOf(link) + by;
    if (!all[at]) return;
    anchor = isChosen ? anchor ?? at - by : null;
    all[at].focus();
    all.forEach((one, n) => one.classList.toggle("chosen", anchor !== null && Math.min(anchor, at) <= n && n <= Math.max(anchor, at)));
  }

  function choose(event) {
    const rects = [...document.querySelectorAll(".overview .chosen rect")].map((one) => one.getBBox());
    if (!rects.length) return;
    event.preventDefault();
    const svg = document.querySelector(".overview");
    show(windowOf(rects[0].x, rects.at(-1).x + rects.at(-1).width, svg), svg);
  }

  stop();
  document.addEventListener("htmx:afterSwap", stop);
  document.addEventListener("keydown", (event) => {
    const link = event.target.closest?.(".overview a, .timeline g > a");
    if (!link || event.ctrlKey || event.metaKey || event.altKey) return;
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by) {
      event.preventDefault();
      if (link.closest(".overview")) walk(link, by, event.shiftKey);
      else step(by);
    } else if (!link.closest(".overview")) {
      return;
    } else if (event.key === "Enter") choose(event);
    else if (event.key === "Escape") walk(link, 0, false);
  });

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
