// Learning curves: every candidate faint, those of the front strong.

import { Chart, axis, facts, tooltip } from "./chart.js";
import { candidateLink } from "./dom.js";
import { quantity } from "./format.js";

export class CurvesChart {
  constructor(box) {
    this.chart = new Chart(box, (colors) => (this.items?.length ? this.option(colors) : null));
  }

  // `members` are ids of candidates on the front.
  show(items, members) {
    this.items = items.filter(({ points }) => points.some((p) => p.validation_accuracy !== null));
    this.members = new Set(members);
    this.chart.describe(`Validation accuracy by epoch of ${this.items.length} candidates.`);
    this.chart.draw();
  }

  option(colors) {
    const epochs = Math.max(...this.items.map(({ points }) => points.at(-1).epoch + 1));
    const series = this.items.map((item) => {
      const strong = this.members.has(item.candidate_id);
      const data = item.points.map((p) => [p.epoch + 1, p.validation_accuracy]);
      return { type: "line", data, name: String(item.number), symbol: item.points.length === 1 ? "circle" : "none", z: strong ? 3 : 2, triggerLineEvent: true,
        lineStyle: { color: strong ? colors.series[0] : colors.soft, width: strong ? 1.75 : 1, opacity: strong ? 0.95 : 0.3 },
        itemStyle: { color: strong ? colors.series[0] : colors.soft }, emphasis: { lineStyle: { width: 3, opacity: 1 } } };
    });
    return {
      grid: { left: 6, right: 14, top: 16, bottom: 30, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      xAxis: axis(colors, { type: "value", min: 1, max: Math.max(2, epochs), minInterval: 1, name: "epoch", nameLocation: "middle", nameGap: 26, splitLine: { show: false } }),
      yAxis: axis(colors, { type: "value", scale: true, max: 1, axisLabel: { color: colors.soft, fontSize: 11, formatter: (v) => `${Math.round(100 * v)} %` } }),
      tooltip: tooltip(colors, { trigger: "item", formatter: ({ seriesIndex }) => this.tip(this.items[seriesIndex]) }),
      series,
    };
  }

  tip({ number, points }) {
    return facts(`Candidate ${number}`, points.slice(-4).map((p) => [`Epoch ${p.epoch + 1}`, quantity("accuracy", p.validation_accuracy)]));
  }

  table() {
    return {
      caption: "Validation accuracy after the first and the last epoch.",
      columns: [["Candidate", false], ["Epochs", true], ["First", true], ["Last", true]],
      rows: (this.items ?? []).map(({ candidate_id: id, number, points }) => [candidateLink(id, number), points.length,
        quantity("accuracy", points[0].validation_accuracy), quantity("accuracy", points.at(-1).validation_accuracy)]),
    };
  }
}
