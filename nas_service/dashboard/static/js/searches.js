// The table of searches: kept fresh, sorted, ticked and cancelled. What was ticked and sorted outlives a refresh.

import { announce } from "./shell.js";

const REFRESH_MS = 2000;
const MOST_COMPARED = 6;
const place = document.getElementById("searches");
const ticked = new Set();
let sorting = null;
let shown = "";

function refresh() {
  const isBusy = place.querySelector("dialog[open]") !== null;
  if (!document.hidden && !isBusy) place.querySelector("[data-live]")?.dispatchEvent(new Event("refresh"));
}

function plural(count) {
  return `${count} ${count === 1 ? "search" : "searches"}`;
}

function showTicked() {
  const bar = place.querySelector(".bulk-bar");
  if (!bar) return;
  const boxes = [...place.querySelectorAll("input[name=ids]")];
  for (const box of boxes) box.checked = ticked.has(box.value);
  const toEnd = boxes.filter((box) => box.checked && "canEnd" in box.dataset).length;
  bar.hidden = ticked.size === 0;
  place.querySelector("[data-count]").textContent = plural(ticked.size);
  const cancel = place.querySelector('[data-open="confirm-cancel"]');
  if (cancel) {
    cancel.disabled = toEnd === 0;
    place.querySelector("[data-count-to-end]").textContent = plural(toEnd);
  }
  showCompare(place.querySelector("[data-compare]"));
}

function showCompare(link) {
  const possible = ticked.size >= 2 && ticked.size <= MOST_COMPARED;
  link.setAttribute("aria-disabled", String(!possible));
  link.title = possible ? "" : `Tick two to ${MOST_COMPARED}`;
  link.href = possible ? `/compare?${[...ticked].map((id) => `search=${encodeURIComponent(id)}`).join("&")}` : "/compare";
}

function compare(left, right) {
  const [a, b] = [left, right].map((row) => row.dataset[sorting.column]);
  if (a === "" || b === "") return (a === "") - (b === "");
  const order = Number.isNaN(Number(a)) ? a.localeCompare(b) : Number(a) - Number(b);
  return sorting.descending ? -order : order;
}

function sort() {
  const body = place.querySelector("tbody");
  if (!sorting || !body) return;
  body.append(...[...body.rows].sort(compare));
  for (const button of place.querySelectorAll("[data-sort]")) {
    const direction = sorting.descending ? "descending" : "ascending";
    button.closest("th").setAttribute("aria-sort", button.dataset.sort === sorting.column ? direction : "none");
  }
}

place.addEventListener("click", (event) => {
  const target = event.target.closest("button");
  if (!target) return;
  const { sort: column, open } = target.dataset;
  if (column) {
    const wantsHighest = column !== "name" && column !== "state" && column !== "age";
    sorting = { column, descending: sorting?.column === column ? !sorting.descending : wantsHighest };
    sort();
    announce(`Sorted by ${target.textContent}, ${sorting.descending ? "descending" : "ascending"}`);
  }
  if (open) document.getElementById(open).showModal();
  if ("close" in target.dataset) target.closest("dialog").close();
  if ("clear" in target.dataset) {
    ticked.clear();
    showTicked();
  }
});

place.addEventListener("change", (event) => {
  if (event.target.name !== "ids") return;
  if (event.target.checked) ticked.add(event.target.value);
  else ticked.delete(event.target.value);
  showTicked();
});

// An answer that says the same must not take the focus or the selection of text away.
place.addEventListener("htmx:beforeSwap", (event) => {
  const text = event.detail.xhr.responseText;
  if (text === shown) event.detail.shouldSwap = false;
  shown = text;
});

place.addEventListener("htmx:afterSettle", () => {
  sort();
  showTicked();
});

setInterval(refresh, REFRESH_MS);
document.addEventListener("visibilitychange", refresh);
