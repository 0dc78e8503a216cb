// Candidates that were ticked in any table of the page, and the link that compares them.

import { candidateLink, element } from "./dom.js";

const LEAST = 2;
const MOST = 6;

export class Picked {
  constructor(link) {
    this.link = link;
    this.ids = new Set();
    this.show();
  }

  // A candidate in a table: a box to tick and a link. All boxes of a candidate on the page go together.
  cell(id, number) {
    return element("span", { class: "pick" }, this.box(id, number), candidateLink(id, number));
  }

  box(id, number) {
    const made = element("input", { type: "checkbox", "data-pick": id, "aria-label": `Compare candidate ${number}` });
    made.checked = this.ids.has(id);
    made.addEventListener("change", () => this.pick([id], made.checked));
    return made;
  }

  pick(ids, on) {
    for (const id of ids) {
      if (on) this.ids.add(id);
      else this.ids.delete(id);
    }
    this.show();
  }

  show() {
    const { ids, link } = this;
    for (const box of document.querySelectorAll("[data-pick]")) box.checked = ids.has(box.dataset.pick);
    const possible = ids.size >= LEAST && ids.size <= MOST;
    link.setAttribute("aria-disabled", String(!possible));
    link.textContent = ids.size ? `Compare ${ids.size}` : "Compare";
    link.title = possible ? "" : `Tick two to ${MOST} candidates`;
    link.href = possible ? `/compare?${[...ids].map((id) => `candidate=${encodeURIComponent(id)}`).join("&")}` : "/compare";
  }
}
