// Live updates, keys and the theme. Pages work without any of it.
(() => {
  "use strict";

  const PAUSED = "pynmon-paused";
  const FALLBACK_MS = 5000;
  const live = document.getElementById("live");
  const word = document.getElementById("live-word");
  let stream = null;
  let timer = null;
  let later = null;
  let isPaused = recall(PAUSED) === "yes";
  let isMissed = false;
  let askedAt = 0;

  function recall(name) {
    try { return localStorage.getItem(name); } catch { return null; }
  }

  function remember(name, value) {
    try { localStorage.setItem(name, value); } catch { /* only for this page, then */ }
  }

  // The server makes every page as it was chosen.
  function choose(name, value) {
    document.cookie = `${name}=${value}; path=/; max-age=${value ? 31536000 : 0}; samesite=strict`;
  }

  // -- live updates: the server says that something changed, and the page asks for itself again ----------

  // Also half of a date, which is no value yet.
  const isTyped = (one) => one.value !== one.defaultValue || one.validity.badInput;

  // Somebody chooses, types or marks something in it.
  function isInUse() {
    const selection = document.getSelection();
    const content = document.getElementById("content");
    return !content
      || (selection && !selection.isCollapsed && content.contains(selection.anchorNode))
      || content.matches(":has(details[open] summary:focus, .actions details[open], input:focus, select:focus, .pick:checked)")
      || [...content.querySelectorAll("input:not([type=hidden], [type=checkbox]), textarea")].some(isTyped);
  }

  // Of a page that is made of parts those are sent that are not as they are here.
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    const parts = [...detail.elt.querySelectorAll("[data-part]")].map((one) => `${one.id.replace("part-", "")}=${one.dataset.part}`);
    if (parts.length) detail.headers["X-Parts"] = parts.join(" ");
  });

  // Rows of a list do not move away under whoever reads them: see newer.js.
  const isReadFurtherDown = () => document.getElementById("newer") && window.scrollY > 200;

  function refresh() {
    timer = null;
    if (isPaused || document.hidden) { isMissed = true; return; }
    isMissed = isInUse() || isReadFurtherDown();
    if (isMissed) document.dispatchEvent(new Event("held"));
    else htmx.trigger("#content", "changed");
    askedAt = Date.now();
    // What is looked at beside it; nobody types there.
    htmx.trigger("#peek", "changed");
  }

  // -- what is shown is old: since when, and why --------------------------------------------------------

  const stale = document.getElementById("stale");
  const seen = document.getElementById("seen");
  let seenAt = new Date();
  let failures = 0;

  // As the server writes it: see times.js.
  const clock = (at) => at.toLocaleTimeString("en-GB", {
    hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: document.body.dataset.zone, timeZoneName: "short",
  });

  function say(why, since) {
    // Read out once, not with every attempt.
    const text = `${why} What you see is from ${clock(since)}. Trying again.`;
    if (stale && stale.textContent !== text) stale.textContent = text;
  }

  function isFresh() {
    failures = 0;
    seenAt = new Date();
    if (stale) stale.textContent = "";
    if (seen) {
      seen.dateTime = seenAt.toISOString();
      seen.textContent = clock(seenAt);
    }
  }

  // What was asked for before that, and is answered after it, would take it away again.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id === "content" && isInUse()) { event.detail.shouldSwap = false; isMissed = true; }
  });
  // Once that is over, the page catches up.
  for (const name of ["change", "focusout", "toggle", "scrollend"]) {
    document.addEventListener(name, () => { if (isMissed) schedule(1000); }, true);
  }
  document.addEventListener("htmx:afterSwap", isFresh);
  for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, (event) => {
      const isStore = event.detail.xhr && event.detail.xhr.status === 503;
      say(isStore ? "The store cannot be read." : "The monitor does not answer.", seenAt);
      schedule(2000);
    });
  }

  // Not more often than was chosen.
  const every = document.getElementById("every");
  const soon = () => Math.max(500, askedAt + 1000 * Number(every?.value) - Date.now());
  every?.addEventListener("change", () => {
    if (timer === null) return;
    clearTimeout(timer);
    timer = null;
    schedule(soon());
  });

  function schedule(delay) {
    if (timer === null) timer = setTimeout(refresh, delay);
  }

  // A picture of much time is drawn anew less often: what changes is less than can be seen.
  function restOf() {
    const every = Number(document.getElementById("content")?.dataset.every ?? 0) * 1000;
    return every - (Date.now() - seenAt);
  }

  // What goes on gets longer, and who is silent gets late, also when nothing changes: it is looked at so often.
  function grow() {
    const one = document.querySelector("[data-goes-on]");
    const isDue = one && Date.now() - seenAt >= Number(one.dataset.goesOn) * 1000;
    if (isDue && restOf() <= 0) schedule(0);
  }

  function show() {
    if (!live) return;
    live.setAttribute("aria-pressed", String(!isPaused));
    word.textContent = isPaused ? "paused" : stream && stream.readyState === EventSource.OPEN ? "live" : "connecting";
  }

  function open() {
    if (stream || isPaused || document.hidden) return;
    stream = new EventSource(document.body.dataset.events);
    // Between the making of this page and the beginning of the stream something may have changed.
    stream.addEventListener("hello", () => { failures = 0; show(); schedule(isMissed ? 0 : 500); });
    stream.addEventListener("changed", () => {
      schedule(Math.max(soon(), restOf()));
      // What keeps a pace shows the last change once that is over, also when nothing else follows.
      const pace = Number(document.getElementById("content")?.dataset.pace ?? 0);
      clearTimeout(later);
      if (pace) later = setTimeout(() => schedule(0), 1000 * pace);
    });
    stream.addEventListener("away", (event) => {
      say("The store cannot be read.", new Date(Math.min(new Date(event.data), Date.now())));
      schedule(2000);
    });
    stream.onerror = () => {
      show();
      failures += 1;
      if (failures > 1) { say("The monitor does not answer.", seenAt); isMissed = true; }
      // Refused for good, for example because too many listen: look again now and then.
      if (stream && stream.readyState === EventSource.CLOSED) {
        stream = null;
        setTimeout(() => { schedule(0); open(); }, FALLBACK_MS * (1 + Math.random()));
      }
    };
  }

  function close() {
    if (stream) stream.close();
    stream = null;
  }

  function pause(value) {
    isPaused = value;
    remember(PAUSED, value ? "yes" : "no");
    if (value) close(); else { open(); schedule(0); }
    show();
  }

  function begin() {
    if (!live?.hidden || !document.querySelector("#content[hx-get], #peek[hx-get]")) return;
    live.hidden = false;
    live.addEventListener("click", () => pause(!isPaused));
    setInterval(grow, 1000);
    document.addEventListener("visibilitychange", () => {
      // Browsers give a server six connections; a tab that nobody sees needs none.
      if (document.hidden) close(); else { isMissed = true; open(); }
      show();
    });
    window.addEventListener("pagehide", close);
    window.addEventListener("pageshow", open);
    open();
    show();
  }

  begin();
  document.addEventListener("htmx:afterSwap", begin);

  // Whoever is not known any more is led to the login, and back here.
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status === 401) location.reload();
  });

  // -- login by a link: its secret is behind the #, which no browser sends and no server logs ------------

  const secret = document.getElementById("token");
  // The address of a log line begins alike: see logs.js.
  const given = /^#t=([^&]+)$/.exec(location.hash)?.[1];
  if (secret && given) {
    secret.value = given;
    history.replaceState(null, "", location.pathname + location.search);
    secret.form.requestSubmit();
  } else if (secret) secret.form.action += location.hash;

  // A picture that ends now is looked at from its end, where it is wider than the screen.
  for (const one of document.querySelectorAll("[data-follows]")) one.scrollLeft = one.scrollWidth;

  // -- the strip above a list: from one column to another ---------------------------------------------------

  let first = null;
  const columnOf = (event) => event.target.closest?.(".strip a[data-end]");

  document.addEventListener("dragstart", (event) => { if (columnOf(event)) event.preventDefault(); });
  document.addEventListener("pointerdown", (event) => { first = columnOf(event); });
  document.addEventListener("pointerover", (event) => {
    const last = columnOf(event);
    if (!first || !last) return;
    const columns = [...document.querySelectorAll(".strip a[data-end]")];
    const ends = [first, last].map((one) => columns.indexOf(one)).sort((a, b) => a - b);
    columns.forEach((one, at) => one.classList.toggle("chosen", ends[0] <= at && at <= ends[1]));
  });
  document.addEventListener("pointerup", (event) => {
    const last = columnOf(event);
    if (first && last && first !== last) {
      // In the order of time, whichever way it was drawn. A click on a single one is a link.
      const isLater = first.dataset.end < last.dataset.end;
      const [from, to] = isLater ? [first, last] : [last, first];
      const address = new URL(from.getAttribute("href"), location.href);
      address.searchParams.set("q", address.searchParams.get("q").replace(`..${from.dataset.end}`, `..${to.dataset.end}`));
      location.assign(address);
    }
    first = null;
  });

  // -- saved views: names for what the address says, kept in this browser ---------------------------------

  const saved = document.getElementById("saved");

  if (saved) {
    const place = `pynmon-views ${document.body.dataset.app} ${location.pathname}`;
    const asked = new URLSearchParams(location.search);
    asked.delete("cursor");

    function views() {
      try {
        const found = JSON.parse(recall(place));
        return Array.isArray(found) ? found : [];
      } catch { return []; }
    }

    function keep(found) {
      remember(place, JSON.stringify(found));
      draw();
    }

    function draw() {
      saved.querySelector("ul").replaceChildren(...views().map(({ name, query }) => {
        const [item, link, forget] = ["li", "a", "button"].map((tag) => document.createElement(tag));
        link.textContent = name;
        link.href = `?${query}`;
        if (query === asked.toString()) link.setAttribute("aria-current", "true");
        forget.type = "button";
        forget.className = "quiet";
        forget.textContent = "×";
        forget.setAttribute("aria-label", `Forget ${name}`);
        forget.addEventListener("click", () => keep(views().filter((one) => one.name !== name)));
        item.append(link, " ", forget);
        return item;
      }));
    }

    saved.hidden = false;
    saved.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      const field = saved.querySelector("input");
      const name = field.value.trim();
      if (name) keep([...views().filter((one) => one.name !== name), { name, query: asked.toString() }]);
      field.value = "";
    });
    draw();
  }

  // -- theme ---------------------------------------------------------------------------------------------

  const theme = document.getElementById("theme");

  function turn() {
    const root = document.documentElement;
    const isDark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = isDark ? "light" : "dark";
    choose("pynmon-theme", root.dataset.theme);
  }

  theme.hidden = false;
  theme.addEventListener("click", turn);

  // -- copying -------------------------------------------------------------------------------------------

  function offerCopies() {
    if (!navigator.clipboard) return;
    for (const button of document.querySelectorAll(".copy")) button.hidden = false;
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest(".copy");
    if (button) navigator.clipboard.writeText(button.dataset.copy).then(() => { button.textContent = "copied"; });
  });
  document.addEventListener("htmx:afterSwap", offerCopies);
  offerCopies();

  // -- keys ----------------------------------------------------------------------------------------------

  // What j and k walk through: whatever the page lists.
  const ROWS = "#content tbody tr:has(a.id), #content .failures li, #content .tree li, #content tbody tr:has(a.data), .log li";
  const help = document.getElementById("keys");
  for (const offer of document.querySelectorAll(".keys")) {
    offer.hidden = false;
    offer.addEventListener("click", explain);
  }

  // Its lines are part of the page once somebody wants them: they are a tenth of many pages.
  function explain() {
    const lines = help?.querySelector("template");
    lines?.replaceWith(lines.content);
    help?.showModal();
  }

  function walk(step) {
    const rows = [...document.querySelectorAll(ROWS)];
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const row = rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step))];
    (row?.querySelector("a.id") ?? row?.querySelector("a.data") ?? row?.querySelector("a"))?.focus();
  }

  const follow = (selector) => document.querySelector(selector)?.click();
  const KEYS = {
    "?": explain,
    j: () => walk(1),
    k: () => walk(-1),
    r: () => (document.querySelector("#content[hx-get]") ? htmx.trigger("#content", "changed") : location.reload()),
    "[": () => follow("a[rel=prev]"),
    "]": () => follow("a[rel=next]"),
    T: turn,
    o: () => document.activeElement.dispatchEvent(new Event("peek", { bubbles: true })),
    x: () => document.activeElement.closest("tr")?.querySelector(".pick")?.click(),
    ...Object.fromEntries([..."wasd0"].map((key) => [key, () => follow(`[data-move="${key}"]`)])),
  };

  let isGoing = false;
  const singleKeys = document.getElementById("single-keys");

  // Whoever speaks to a computer, or leans on keys, may not want them: no script of ours hears of them then.
  if (singleKeys) {
    singleKeys.addEventListener("change", () => choose("pynmon-keys", singleKeys.checked ? "" : "no"));
    document.addEventListener("keydown", (event) => {
      const isSingle = event.key.length === 1 && !(event.ctrlKey || event.metaKey || event.altKey);
      if (isSingle && !singleKeys.checked) event.stopImmediatePropagation();
    }, true);
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input:not(.pick), select, textarea, dialog")) return;
    if (isGoing) {
      isGoing = false;
      event.preventDefault();
      follow(`.side a[data-key="${CSS.escape(event.key)}"]`);
    } else if (event.key === "g") {
      isGoing = true;
      setTimeout(() => { isGoing = false; }, 1500);
    } else if (event.key === "/") {
      event.preventDefault();
      (document.querySelector(".query input") ?? document.getElementById("find"))?.focus();
    } else if (event.key === "p" && live && !live.hidden) {
      pause(!isPaused);
    } else if (Object.hasOwn(KEYS, event.key)) {
      KEYS[event.key]();
    }
  });
})();
