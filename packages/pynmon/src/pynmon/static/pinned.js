// Tasks that somebody looks after, kept in this browser: a button on the page of a task, a chip above the list.
(() => {
  "use strict";

  const KEY = `pynmon-pinned ${document.body.dataset.app}`;
  const MOST = 15;
  const button = document.getElementById("pin");
  const chip = document.getElementById("pinned");

  function pinned() {
    try {
      const found = JSON.parse(localStorage.getItem(KEY) ?? "[]");
      return Array.isArray(found) ? found.filter((one) => typeof one === "string") : [];
    } catch { return []; }
  }

  function show() {
    const tasks = pinned();
    if (button) {
      const isPinned = tasks.includes(button.dataset.task);
      button.setAttribute("aria-pressed", String(isPinned));
      button.textContent = isPinned ? "Pinned" : "Pin";
      button.hidden = false;
    }
    if (chip) {
      // In quotes no character means anything else.
      const query = `task:${tasks.map((one) => `"${one}"`).join(",")}`;
      chip.href = `?${new URLSearchParams({ q: query })}`;
      chip.hidden = !tasks.length;
      if (new URLSearchParams(location.search).get("q") === query) chip.setAttribute("aria-current", "true");
    }
  }

  button?.addEventListener("click", () => {
    const task = button.dataset.task;
    const others = pinned().filter((one) => one !== task);
    const tasks = pinned().includes(task) ? others : [...others, task].slice(-MOST);
    try { localStorage.setItem(KEY, JSON.stringify(tasks)); } catch { return; }
    show();
  });
  show();
})();
