// Everything by name: pages, tasks, saved views and invocations. Names are text, wherever they come from.
(() => {
  "use strict";

  const palette = document.getElementById("palette");
  if (!palette) return;
  const field = palette.querySelector("input");
  const list = palette.querySelector("ul");
  const MOST = 12;
  const LEAST = 4;
  let places = [];
  let tasks = null;

  function pages() {
    return [...document.querySelectorAll(".side a")].map((one) => ({ kind: "page", name: one.textContent, href: one.href }));
  }

  // As app.js keeps them: for each page a list of names and what stands in its address.
  function views() {
    const begin = `pynmon-views ${document.body.dataset.app} `;
    try {
      return Object.keys(localStorage).filter((key) => key.startsWith(begin)).flatMap((key) =>
        JSON.parse(localStorage.getItem(key)).map(({ name, query }) => ({
          kind: "view", name: String(name), href: `${key.slice(begin.length)}?${query}`,
        })));
    } catch { return []; }
  }

  async function learnTasks() {
    try {
      const answer = await fetch(palette.dataset.tasks);
      const found = answer.ok ? await answer.json() : { tasks: [] };
      tasks = found.tasks.map(({ task_id: name }) => ({
        kind: "task", name, href: `${palette.dataset.task}/${encodeURIComponent(name)}`,
      }));
    } catch { tasks = []; }
    if (palette.open) gather();
  }

  function gather() {
    places = [...pages(), ...views(), ...(tasks ?? [])];
    draw();
  }

  // The letters that were typed, in their order; the nearer to each other and to the end, the better.
  function cost(name, typed) {
    const whole = name.toLowerCase().lastIndexOf(typed);
    if (whole >= 0) return name.length - whole - typed.length;
    let at = -1;
    for (const letter of typed) {
      at = name.toLowerCase().indexOf(letter, at + 1);
      if (at < 0) return Infinity;
    }
    return 1000 + name.length;
  }

  function draw() {
    const typed = field.value.trim().toLowerCase();
    const found = places.map((one) => [cost(one.name, typed), one]).filter(([n]) => n < Infinity);
    if (typed) found.sort(([a], [b]) => a - b);
    const shown = found.slice(0, MOST).map(([, one]) => one);
    if (typed.length >= LEAST) {
      const id = encodeURIComponent(field.value.trim());
      shown.push({ kind: "id", name: `Invocation ${field.value.trim()}`, href: `${palette.dataset.find}?id=${id}` });
    }
    list.replaceChildren(...shown.map(({ kind, name, href }, n) => {
      const [item, word] = ["li", "span"].map((tag) => document.createElement(tag));
      item.id = `palette-${n}`;
      item.setAttribute("role", "option");
      item.dataset.href = href;
      word.className = "muted";
      word.textContent = kind;
      item.append(name, word);
      return item;
    }));
    choose(0);
  }

  function choose(n) {
    const items = [...list.children];
    items.forEach((one, at) => one.setAttribute("aria-selected", String(at === n)));
    items[n]?.scrollIntoView({ block: "nearest" });
    if (items[n]) field.setAttribute("aria-activedescendant", items[n].id);
    else field.removeAttribute("aria-activedescendant");
  }

  function go(item) {
    if (item) location.assign(item.dataset.href);
  }

  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    if (palette.open) { palette.close(); return; }
    if (document.querySelector("dialog[open]")) return;
    field.value = "";
    palette.showModal();
    gather();
    if (!tasks) learnTasks();
  });
  field.addEventListener("input", draw);
  field.addEventListener("keydown", (event) => {
    const items = [...list.children];
    const at = items.findIndex((one) => one.getAttribute("aria-selected") === "true");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && items.length) {
      event.preventDefault();
      choose((at + step + items.length) % items.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      go(items[at]);
    }
  });
  palette.addEventListener("click", (event) => {
    if (event.target === palette) palette.close();
    go(event.target.closest("[role=option]"));
  });
})();
