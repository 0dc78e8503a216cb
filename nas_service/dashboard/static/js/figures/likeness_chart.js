// One number against another that should be the same: predicted and measured, inherited and trained.

import { Chart, axis, facts, tooltip } from "./chart.js";

const ROOM = 0.06; // around what is shown

export class LikenessChart {
  constructor(box, open) {
    this.chart = new Chart(box, (colors) => (this.pairs?.length ? this.option(colors) : null));
    if (open) this.chart.on("click", ({ value }) => value?.[2] !== undefined && open(this.pairs[value[2]]));
  }

  // `pairs` are {x, y, name, interval?}, the interval of y; `axes` are {x, y} with {title, write, tick}.
  show(pairs, axes, says) {
    Object.assign(this, { pairs, axes });
    this.chart.describe(says);
    this.chart.draw();
  }

  option(colors) {
    const { pairs, axes } = this;
    const every = pairs.flatMap(({ x, y }) => [x, y]);
    const [low, high] = [Math.min(...every), Math.max(...every)];
    const slack = ROOM * (high - low || high);
    const range = { min: Math.max(0, low - slack), max: high + slack };
    const value = (of, extra) => axis(colors, { type: "value", ...range, name: of.title,
      axisLabel: { color: colors.soft, fontSize: 11, hideOverlap: true, showMinLabel: false, showMaxLabel: false, formatter: of.tick }, ...extra });
    return {
      grid: { left: 6, right: 16, top: 30, bottom: 30, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      xAxis: value(axes.x, { nameLocation: "middle", nameGap: 26 }),
      yAxis: value(axes.y, { nameLocation: "end", nameTextStyle: { align: "left", color: colors.soft, padding: [0, 0, 0, -28] } }),
      tooltip: tooltip(colors, { trigger: "item", formatter: ({ value: at }) => (at?.[2] === undefined ? "" : this.tip(pairs[at[2]])) }),
      series: [
        { type: "line", symbol: "none", silent: true, z: 1, data: [[range.min, range.min], [range.max, range.max]], lineStyle: { color: colors.strong, width: 1, type: "dashed" } },
        { type: "scatter", z: 3, symbolSize: 8, cursor: "pointer", itemStyle: { color: colors.series[0], opacity: 0.75 }, data: pairs.map(({ x, y }, i) => [x, y, i]) },
      ],
    };
  }

  tip({ x, y, name }) {
    const { axes } = this;
    return facts(name, [[axes.y.title, axes.y.write(y)], [axes.x.title, axes.x.write(x)]]);
  }
}
