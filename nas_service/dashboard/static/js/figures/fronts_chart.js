// Fronts of several searches on the same two axes: a color each, their other candidates faint.

import { Chart, axis, facts, tooltip } from "./chart.js";
import { metricName, metricTitle, quantity, tick } from "./format.js";
import { front, isMaximized } from "./pareto.js";

const LARGE = 2000; // points of one series, above which it is drawn in one go
const ROOM = 0.06; // around what is shown

export class FrontsChart {
  constructor(box, open) {
    this.chart = new Chart(box, (colors) => (this.shown?.length ? this.option(colors) : null));
    this.chart.on("click", ({ value }) => value?.[2] !== undefined && open(this.shown[value[3]].points.ids[value[2]]));
  }

  // `fronts` are {name, color, points, x, y, marks}: x and y are this search's keys of the axes, color a place among
  // the series, `marks` rows to stand out with the color of each; `axes` are {x, y}, metrics without a target.
  show(fronts, axes) {
    const sameAxes = this.axes?.x === axes.x && this.axes?.y === axes.y;
    this.axes = axes;
    this.shown = fronts.map((of) => this.located(of)).filter(({ rows }) => rows.length);
    this.chart.describe(this.summary());
    this.chart.draw({ keepZoom: sameAxes });
  }

  located(of) {
    const { points, x, y } = of;
    const rows = points.rowsWith(x, y);
    const up = [isMaximized(x, points.search.spec.objectives), isMaximized(y, points.search.spec.objectives)];
    const possible = rows.filter((row) => points.contends(row)).map((row) => ({ x: points.value(x, row), y: points.value(y, row), row }));
    return { ...of, rows, up, front: front(possible, up) };
  }

  summary() {
    const each = this.shown.map(({ name, front: members }) => `${name}: ${members.length}`);
    return `${metricName(this.axes.y)} against ${metricName(this.axes.x).toLowerCase()}. Candidates on the front of these two: ${each.join("; ")}. The table below has the numbers.`;
  }

  option(colors) {
    const most = (key) => (key === "accuracy" ? 1.005 : Infinity);
    const value = (key, extra) => axis(colors, { type: "value", name: metricTitle(key, []), min: ({ min, max }) => Math.max(0, min - ROOM * (max - min || min)), max: ({ min, max }) => Math.min(most(key), max + ROOM * (max - min || max)),
      axisLabel: { color: colors.soft, fontSize: 11, hideOverlap: true, showMinLabel: false, showMaxLabel: false, formatter: (v) => tick(key, v) }, ...extra });
    const zoom = { type: "inside", filterMode: "none", zoomOnMouseWheel: "ctrl" };
    return {
      grid: { left: 6, right: 20, top: 30, bottom: 30, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      xAxis: value(this.axes.x, { nameLocation: "middle", nameGap: 28 }),
      yAxis: value(this.axes.y, { nameLocation: "end", nameTextStyle: { align: "left", color: colors.soft, padding: [0, 0, 0, -28] } }),
      dataZoom: [{ ...zoom, xAxisIndex: 0 }, { ...zoom, yAxisIndex: 0 }],
      tooltip: tooltip(colors, { trigger: "item", formatter: ({ value: at }) => (at?.[2] === undefined ? "" : this.tip(at[3], at[2])) }),
      series: this.shown.flatMap((of, i) => [this.dots(of, i, colors), this.stairs(of, colors), this.bars(of, colors), this.diamonds(of, i, colors)]),
    };
  }

  color(of, colors) {
    return of.color === null ? colors.soft : colors.series[of.color];
  }

  dots(of, i, colors) {
    const { points, x, y, rows } = of;
    return { type: "scatter", symbolSize: 6, cursor: "pointer", large: rows.length > LARGE, largeThreshold: LARGE, z: 2,
      itemStyle: { color: this.color(of, colors), opacity: 0.28 }, data: rows.map((row) => [points.value(x, row), points.value(y, row), row, i]) };
  }

  stairs(of, colors) {
    return { type: "line", step: of.up[0] ? "start" : "end", symbol: "none", silent: true, z: 3, data: of.front.map(({ x, y }) => [x, y]),
      lineStyle: { color: this.color(of, colors), width: 1.75, opacity: of.color === null ? 0.5 : 0.9 } };
  }

  // Those that stand out: what is compared, or else the front. Each has a color of its own or its search's.
  strong(of, colors) {
    const color = this.color(of, colors);
    if (of.marks) return of.marks.filter(({ row }) => of.rows.includes(row)).map((mark) => ({ row: mark.row, color: colors.series[mark.color] }));
    return of.front.map(({ row }) => ({ row, color }));
  }

  diamonds(of, i, colors) {
    const { points, x, y } = of;
    return { type: "scatter", z: 5, symbolSize: of.marks ? 15 : 11, cursor: "pointer", emphasis: { scale: 1.3 },
      data: this.strong(of, colors).map(({ row, color }) => ({ value: [points.value(x, row), points.value(y, row), row, i], itemStyle: { color, borderColor: colors.ground, borderWidth: 1.5 } })) };
  }

  bars(of, colors) {
    const { points } = of;
    const data = this.strong(of, colors).flatMap(({ row }) => {
      const [x, y] = [points.value(of.x, row), points.value(of.y, row)];
      const across = points.interval(of.x, row), along = points.interval(of.y, row);
      return [across && [across[0], y, across[1], y], along && [x, along[0], x, along[1]]].filter(Boolean);
    });
    const style = { stroke: colors.strong, lineWidth: 1.25, opacity: 0.7 };
    return { type: "custom", z: 4, silent: true, clip: true, encode: { x: [0, 2], y: [1, 3] }, data, renderItem: (_, api) => {
      const [x1, y1] = api.coord([api.value(0), api.value(1)]), [x2, y2] = api.coord([api.value(2), api.value(3)]);
      return { type: "line", shape: { x1, y1, x2, y2 }, style };
    } };
  }

  tip(i, row) {
    const { points, name, x, y } = this.shown[i];
    const line = (key) => {
      const interval = points.interval(key, row);
      const spread = interval ? ` (${quantity(key, interval[0]).split(" ")[0]} – ${quantity(key, interval[1])})` : "";
      return [metricName(key), quantity(key, points.value(key, row)) + spread];
    };
    return facts(`Candidate ${points.numbers[row]} of ${name}`, [line(y), line(x)]);
  }
}
