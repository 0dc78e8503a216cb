// One candidate's learning curve: accuracy on the left, losses on the right.

import { Chart, axis, facts, tooltip } from "./chart.js";
import { quantity, significant } from "./format.js";

export class CandidateCurve {
  constructor(box, points) {
    this.points = points;
    this.chart = new Chart(box, (colors) => (points.length ? this.option(colors) : null));
    const last = points.at(-1);
    if (last) this.chart.describe(`Validation accuracy ${quantity("accuracy", last.validation_accuracy)} after epoch ${last.epoch + 1}.`);
    else box.hidden = true;
  }

  option(colors) {
    const { points } = this;
    const [accuracy, validation, training] = colors.series;
    const lines = [["validation accuracy", "validation_accuracy", 0, accuracy], ["validation loss", "validation_loss", 1, validation], ["training loss", "train_loss", 1, training]];
    const series = lines.map(([name, key, yAxisIndex, color]) => ({ name, type: "line", yAxisIndex, symbol: "circle", symbolSize: 5, showSymbol: points.length < 30,
      lineStyle: { color, width: 2, type: yAxisIndex ? "dashed" : "solid" }, itemStyle: { color }, data: points.map((p) => [p.epoch + 1, p[key] ?? null]), }));
    return {
      grid: { left: 6, right: 16, top: 14, bottom: 30, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      xAxis: axis(colors, { type: "value", min: 1, max: Math.max(2, points.at(-1).epoch + 1), minInterval: 1, name: "epoch", nameLocation: "middle", nameGap: 26, splitLine: { show: false } }),
      yAxis: [axis(colors, { type: "value", scale: true, max: 1, axisLabel: { color: colors.soft, fontSize: 11, formatter: (v) => `${Math.round(100 * v)} %` } }),
        axis(colors, { type: "value", min: 0, show: false })],
      tooltip: tooltip(colors, { trigger: "axis", formatter: ([{ dataIndex }]) => this.tip(points[dataIndex]) }),
      series,
    };
  }

  tip(p) {
    return facts(`Epoch ${p.epoch + 1}`, [["Validation accuracy", quantity("accuracy", p.validation_accuracy)], ["Validation loss", loss(p.validation_loss)], ["Training loss", loss(p.train_loss)]]);
  }

  table() {
    return {
      caption: "By epoch.",
      columns: [["Epoch", true], ["Validation accuracy", true], ["Validation loss", true], ["Training loss", true]],
      rows: this.points.map((p) => [p.epoch + 1, quantity("accuracy", p.validation_accuracy), loss(p.validation_loss), loss(p.train_loss)]),
    };
  }
}

const loss = (value) => (value === null || value === undefined ? "–" : significant(value));
