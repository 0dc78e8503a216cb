// What is known of the candidate under the pointer: its numbers and the drawing of its network.

import { candidateLink, element } from "./dom.js";
import { metricName, quantity } from "./format.js";

export class Inspector {
  constructor(box) {
    this.box = box;
  }

  show(points, row) {
    if (this.row === row) return;
    this.row = row;
    const { targets } = points.search.spec;
    const facts = points.keys().flatMap((key) => [
      element("dt", {}, metricName(key, targets)),
      element("dd", {}, quantity(key, points.value(key, row))),
    ]);
    const drawing = element("img", { src: `/v1/candidates/${points.ids[row]}/drawing`, alt: `The network of candidate ${points.numbers[row]}, block by block`, loading: "lazy" });
    drawing.addEventListener("error", () => drawing.replaceWith(element("p", { class: "muted small" }, "This network cannot be drawn here.")));
    const title = element("h3", {}, "Candidate ", candidateLink(points.ids[row], points.numbers[row]));
    this.box.replaceChildren(title, element("dl", { class: "facts tabular" }, ...facts), element("div", { class: "drawing", tabindex: "0", role: "group", "aria-label": "Drawing of the network" }, drawing));
  }
}
