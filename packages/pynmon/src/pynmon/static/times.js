// In which form instants are shown: the server makes every page so, and a cookie tells it what was chosen.
(() => {
  "use strict";

  const times = document.getElementById("times");
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;

  function remember(choice) {
    const value = choice === "local" ? here : choice === "relative" ? choice : "";
    document.cookie = `pynmon-times=${value}; path=/; max-age=${value ? 31536000 : 0}; samesite=strict`;
  }

  times.parentElement.hidden = false;
  times.addEventListener("change", () => {
    remember(times.value);
    location.reload();
  });
  // Browsers travel.
  if (times.value === "local" && document.body.dataset.zone !== here) remember("local");
})();
