// What every page does: the theme's switch. Charts listen to the event `themechange` on the document.

const root = document.documentElement;
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

/** The theme in use: "light" or "dark". */
export function theme() {
  return root.dataset.theme ?? (systemIsDark.matches ? "dark" : "light");
}

/** The value of a design token, such as `token("--accent")`, as a color that a canvas understands. */
export function token(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  return color;
}

/** Say it to screen readers. */
export function announce(text) {
  document.getElementById("announcement").textContent = text;
}

function changed() {
  document.dispatchEvent(new CustomEvent("themechange", { detail: theme() }));
}

document.querySelector("[data-theme-toggle]").addEventListener("click", () => {
  root.dataset.theme = theme() === "dark" ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
  announce(`${root.dataset.theme} theme`);
  changed();
});
systemIsDark.addEventListener("change", changed);
