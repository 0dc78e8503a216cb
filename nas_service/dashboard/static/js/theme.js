// Runs before anything is painted, and so is no module: a stored choice must not flash.
(() => {
  const stored = localStorage.getItem("theme");
  if (stored === "light" || stored === "dark") document.documentElement.dataset.theme = stored;
})();
