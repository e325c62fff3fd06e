// Log lines and their small timeline point at each other, addresses lead to a line, files are read. It works without, too.
(() => {
  "use strict";

  const form = document.querySelector(".paste");
  if (!form) return;
  const { text } = form.elements;
  const limit = text.dataset;
  const log = document.querySelector(".log");
  const svg = document.querySelector("#when .lanes");

  // -- addresses of lines: the lines go to the server, the instant and the number of one stay here ------------

  // Without scripts the lines are there, but nothing leads to a single one.
  for (const one of document.querySelectorAll(".log .nr")) {
    one.href = `#${one.id}`;
    one.tabIndex = -1;
  }

  const LINE = /^#?(?:t=([^&]+)&)?l=(\d+)$/;
  const sought = document.getElementById("sought");

  function seek() {
    const [, at, number] = LINE.exec(decodeURI(location.hash)) ?? [];
    if (!number) return;
    const line = document.getElementById(decodeURI(location.hash).slice(1))
      // Of others that were cut elsewhere: the line of that instant.
      ?? (at && log?.querySelector(`[id^="t=${CSS.escape(at)}&"]`));
    line?.focus();
    sought.hidden = Boolean(line);
    sought.querySelector("b").textContent = number;
    sought.querySelectorAll("span").forEach((one, at) => { one.hidden = Boolean(log) !== Boolean(at); });
  }

  const modes = [...form.elements].filter(({ name }) => name === "times" || name === "wrap");

  // What is shown, and how, is in the address.
  function addressOf(base) {
    const address = new URL(base, location.href);
    for (const { name, value, checked, type } of modes) {
      const isOn = checked || type === "hidden";
      if (isOn && value !== "absolute") address.searchParams.set(name, value);
      else if (isOn || type === "checkbox") address.searchParams.delete(name);
    }
    return address;
  }

  for (const mode of modes) {
    mode.addEventListener("change", () => history.replaceState(history.state, "", addressOf(location.href)));
  }

  form.addEventListener("submit", (event) => {
    if (isTooMuch(new Blob([text.value]).size, text.value.split("\n").length)) { event.preventDefault(); return; }
    const owner = event.submitter?.hasAttribute("formaction") ? event.submitter : form;
    const name = owner === form ? "action" : "formaction";
    const address = addressOf(owner.getAttribute(name));
    if (!address.hash) {
      address.hash = location.hash;
      const number = LINE.exec(location.hash)?.[2];
      // The page that has it.
      if (owner === form && number) address.searchParams.set("after", number - 1);
    }
    owner.setAttribute(name, address);
  });
  window.addEventListener("hashchange", seek);
  seek();

  // -- files ------------------------------------------------------------------------------------------------

  const file = form.querySelector("[type=file]");

  function isTooMuch(bytes, lines) {
    const isSo = bytes > limit.bytes || lines > Number(limit.lines) + 1;
    text.setCustomValidity(isSo ? limit.tooMuch : "");
    if (isSo) text.reportValidity();
    return isSo;
  }

  async function read(one) {
    if (one && !isTooMuch(one.size, 0)) text.value = await one.text();
  }

  text.addEventListener("input", () => text.setCustomValidity(""));
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

  // -- one line is looked at: it can be copied --------------------------------------------------------------

  if (!log) return;
  const atOf = (line) => Date.parse(LINE.exec(line.querySelector(".nr").id)?.[1]) / 1000;
  const copy = document.createElement("button");
  copy.type = "button";
  copy.className = "quiet copy";

  function point(line) {
    for (const one of document.querySelectorAll("#when .on, .log .on")) one.classList.remove("on");
    line.classList.add("on");
    if (navigator.clipboard && copy.parentElement !== line) {
      const words = [...line.childNodes].filter((one) => !one.matches?.(".nr, .out, .copy"));
      copy.dataset.copy = words.map((one) => one.textContent).join("");
      copy.textContent = "copy";
      line.querySelector(".nr").after(copy);
    }
    if (outside) lead(line);
    mark?.(line);
  }

  // -- where it is kept: what lines say themselves is put into the addresses of the page -----------------------

  const outside = log.dataset.out && JSON.parse(log.dataset.out);
  const out = document.createElement("a");
  out.className = "out";
  out.textContent = "log \u2197";
  const numbers = new Map(outside && [...log.children].map((line, at) => [line, outside.lines[at]]));

  function lead(line) {
    const address = outside.addresses[numbers.get(line) - 1];
    if (!address || out.parentElement === line) return;
    const named = line.querySelector(`a[href^="${CSS.escape(log.dataset.one)}"]`)?.getAttribute("href");
    const instant = (seconds) => new Date((atOf(line) + seconds) * 1000).toISOString();
    const values = {
      invocation_id: decodeURIComponent(named?.slice(log.dataset.one.length) ?? ""),
      from: instant(-outside.margin),
      to: instant(outside.margin),
    };
    out.href = address.replace(/\{(\w+)\}/g, (place, name) => encodeURIComponent(values[name]));
    line.append(out);
  }

  // -- the cursor: one instant in the lines and on the timeline -----------------------------------------------

  const mark = svg && pointing();

  function pointing() {
    const [[since, left], [until, right]] = JSON.parse(svg.dataset.knots);
    const timed = [...log.children].map((line) => ({ line, at: atOf(line) })).filter(({ at }) => at);
    const cursor = document.createElementNS("http://www.w3.org/2000/svg", "line");
    cursor.setAttribute("class", "cursor");
    cursor.setAttribute("y2", svg.viewBox.baseVal.y + svg.viewBox.baseVal.height);

    function nearest(event) {
      const matrix = svg.getScreenCTM();
      const x = (event.clientX - matrix.e) / matrix.a;
      const at = since + ((until - since) * (x - left)) / (right - left);
      return timed.reduce((best, one) => (Math.abs(one.at - at) < Math.abs(best.at - at) ? one : best), timed[0])?.line;
    }

    svg.addEventListener("pointermove", (event) => {
      const line = nearest(event);
      if (!line || line.matches(".on")) return;
      point(line);
      // Within the lines only: the page stays where it is.
      log.scrollTop = line.offsetTop - (log.clientHeight - line.offsetHeight) / 2;
    });
    svg.addEventListener("click", (event) => {
      if (!event.target.closest("a")) nearest(event)?.querySelector(".nr").focus();
    });
    return (line) => {
      const at = atOf(line);
      if (at) {
        const x = left + ((right - left) * (at - since)) / (until - since);
        cursor.setAttribute("x1", x);
        cursor.setAttribute("x2", x);
        svg.append(cursor);
      } else cursor.remove();
      // What it names.
      const named = new Set([...line.querySelectorAll("a")].map((link) => link.getAttribute("href")));
      for (const bar of svg.querySelectorAll("g > a")) bar.classList.toggle("on", named.has(bar.getAttribute("href")));
    };
  }

  // On a narrow screen a part of the timeline is seen.
  function follow() {
    const frame = svg?.closest(".timeline"), cursor = svg?.querySelector(".cursor");
    if (!cursor) return;
    const x = cursor.getBoundingClientRect().x - frame.getBoundingClientRect().x;
    if (x < 0.2 * frame.clientWidth || x > frame.clientWidth) frame.scrollLeft += x - frame.clientWidth / 2;
  }

  for (const name of ["pointerover", "focusin"]) {
    log.addEventListener(name, (event) => {
      const line = event.target.closest("li");
      if (!line) return;
      point(line);
      follow();
    });
  }
  const target = log.querySelector("li:has(:target), li:has(.nr:focus)");
  if (target) point(target);
})();
