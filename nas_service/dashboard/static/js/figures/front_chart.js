// The front: every candidate on two axes, those of the front joined, what constraints forbid shaded.

import { Chart, axis, facts, tooltip } from "./chart.js";
import { metricName, metricOf, metricTitle, option as optionText, quantity, tick, words } from "./format.js";
import { optionColors } from "./palette.js";
import { front, isMaximized } from "./pareto.js";

const LARGE = 2000; // points of one series, above which it is drawn in one go
// The wheel and one finger scroll the page; with Ctrl, and by two fingers, they zoom.
const TOUCH = matchMedia("(pointer: coarse)").matches;
const GESTURES = { zoomOnMouseWheel: "ctrl", moveOnMouseMove: !TOUCH, preventDefaultMouseMove: !TOUCH };
const MOST_BARS = 300; // intervals of more candidates cannot be told apart

export class FrontChart {
  // `view` is {x, y, color}; `act` has `hover(row)`, `open(row)`, `select(rows)`.
  constructor(box, act) {
    this.act = act;
    this.chart = new Chart(box, (colors) => (this.points ? this.option(colors) : null));
    this.chart.on("mouseover", ({ value }) => value?.[2] !== undefined && act.hover(value[2]));
    this.chart.on("click", ({ value }) => value?.[2] !== undefined && act.open(value[2]));
    this.chart.on("brushEnd", ({ areas }) => act.select(this.within(areas[0]?.coordRange)));
  }

  show(points, view, members) {
    const sameAxes = this.view?.x === view.x && this.view?.y === view.y;
    Object.assign(this, { points, view, members });
    const { objectives } = points.search.spec;
    this.up = [isMaximized(view.x, objectives), isMaximized(view.y, objectives)];
    this.rows = points.rowsWith(view.x, view.y);
    const possible = this.rows.filter((row) => points.contends(row)).map((row) => ({ x: this.x(row), y: this.y(row), row }));
    this.front = front(possible, this.up);
    this.chart.describe(this.summary(possible.length));
    this.chart.draw({ keepZoom: sameAxes });
  }

  x(row) {
    return this.points.metrics[this.view.x][row];
  }

  y(row) {
    return this.points.metrics[this.view.y][row];
  }

  within(range) {
    if (!range) return null;
    const [[left, right], [low, high]] = range;
    return this.rows.filter((row) => this.x(row) >= left && this.x(row) <= right && this.y(row) >= low && this.y(row) <= high);
  }

  summary(count) {
    const { targets } = this.points.search.spec;
    const name = (key) => metricName(key, targets).toLowerCase();
    return `${count} candidates by ${name(this.view.y)} against ${name(this.view.x)}; ${this.front.length} of them are on the front of these two. The table below has the numbers.`;
  }

  // What the mouse does: "pan" moves the view, "zoom" and "select" draw a rectangle.
  mode(name) {
    const { echarts } = this.chart;
    echarts?.dispatchAction({ type: "takeGlobalCursor", key: "dataZoomSelect", dataZoomSelectActive: name === "zoom" });
    if (name !== "zoom") {
      const brushOption = { brushType: name === "select" ? "rect" : false };
      echarts?.dispatchAction({ type: "takeGlobalCursor", key: "brush", brushOption });
    }
  }

  reset() {
    this.chart.echarts?.dispatchAction({ type: "brush", areas: [] });
    this.chart.draw({ keepZoom: false });
  }

  option(colors) {
    const { targets } = this.points.search.spec;
    const value = (key, extra) => axis(colors, {
      type: "value", scale: true, name: metricTitle(key, targets), nameGap: 8,
      axisLabel: { color: colors.soft, fontSize: 11, hideOverlap: true, showMinLabel: false, showMaxLabel: false, formatter: (v) => tick(key, v) }, ...extra,
    });
    return {
      grid: { left: 6, right: 20, top: 30, bottom: 30, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      xAxis: value(this.view.x, { nameLocation: "middle", nameGap: 28, ...this.room(this.view.x) }),
      yAxis: value(this.view.y, { nameLocation: "end", nameTextStyle: { align: "left", color: colors.soft, padding: [0, 0, 0, -28] }, ...this.room(this.view.y) }),
      dataZoom: [
        { type: "inside", xAxisIndex: 0, filterMode: "none", ...GESTURES },
        { type: "inside", yAxisIndex: 0, filterMode: "none", ...GESTURES },
      ],
      toolbox: { show: true, showTitle: false, itemSize: 0, feature: { dataZoom: { filterMode: "none" } } },
      brush: { xAxisIndex: 0, yAxisIndex: 0, throttleType: "debounce", throttleDelay: 100, outOfBrush: {}, transformable: false,
        brushStyle: { color: "rgba(128,140,150,.12)", borderColor: colors.strong, borderWidth: 1 } },
      tooltip: tooltip(colors, { trigger: "item", formatter: ({ value }) => (value?.[2] === undefined ? "" : this.tip(value[2])) }),
      series: [this.regions(colors), ...this.dots(colors), this.stairs(colors), this.bars(colors), this.diamonds(colors)],
    };
  }

  // Room for a limit just outside of what was measured, so that its region can be seen.
  room(key) {
    const values = this.rows.map((row) => this.points.metrics[key][row]);
    const low = Math.min(...values), high = Math.max(...values), slack = 0.06 * (high - low || Math.abs(high) || 1);
    const limits = this.limits(key).flatMap(({ min, max }) => [min, max]).filter((v) => v !== null && v > low - 6 * slack && v < high + 6 * slack);
    const top = metricOf(key) === "accuracy" ? 1 + 0.2 * slack : Infinity;
    return { min: Math.min(low - slack, ...limits.map((v) => v - slack)), max: Math.min(top, Math.max(high + slack, ...limits.map((v) => v + slack))) };
  }

  limits(key) {
    const { constraints } = this.points.search.spec;
    return constraints.filter((c) => (c.target === null ? c.metric : `${c.metric}@${c.target}`) === key);
  }

  regions(colors) {
    const forbidden = ["x", "y"].flatMap((which) => {
      const coordinate = `${which}Axis`, key = this.view[which], shown = this.room(key);
      return this.limits(key).flatMap(({ min, max }) => [
        max === null || max >= shown.max ? null : [{ [coordinate]: max, label: { position: which === "x" ? "insideTopRight" : "insideTopLeft" }, name: `above ${quantity(key, max)}` }, { [coordinate]: "max" }],
        min === null || min <= shown.min ? null : [{ [coordinate]: "min", name: `below ${quantity(key, min)}` }, { [coordinate]: min }],
      ]).filter(Boolean);
    });
    const label = { color: colors.bad, fontSize: 11, position: "insideTopLeft" };
    return { type: "scatter", data: [], silent: true, markArea: { silent: true, itemStyle: { color: colors.region, opacity: 0.55 }, label, data: forbidden } };
  }

  // All candidates, faint; or in the color of an option. One series a color, for only so are many drawn at once.
  dots(colors) {
    const groups = this.groups(colors);
    return groups.map(({ rows, color, opacity }) => ({
      type: "scatter", symbolSize: this.rows.length > LARGE ? 5 : 7, data: rows.map((row) => [this.x(row), this.y(row), row]),
      large: rows.length > LARGE, largeThreshold: LARGE, itemStyle: { color, opacity }, emphasis: { scale: 1.5 }, cursor: "pointer",
    }));
  }

  groups(colors) {
    const many = this.rows.length > LARGE;
    if (!this.view.color) return [{ rows: this.rows, color: colors.soft, opacity: many ? 0.3 : 0.5 }];
    const { options, codes } = this.points.choices[this.view.color];
    const shades = optionColors(options, colors);
    const of = (code) => this.rows.filter((row) => codes[row] === code);
    return [{ rows: of(-1), color: colors.faint, opacity: 0.5 }, ...options.map((_, code) => ({ rows: of(code), color: shades[code], opacity: many ? 0.45 : 0.75 }))]
      .filter(({ rows }) => rows.length);
  }

  stairs(colors) {
    const [xUp] = this.up;
    return { type: "line", step: xUp ? "start" : "end", data: this.front.map(({ x, y }) => [x, y]), symbol: "none", silent: true, z: 3,
      lineStyle: { color: colors.series[0], width: 1.5, opacity: 0.8 } };
  }

  diamonds(colors) {
    const rows = [...new Set([...this.members, ...this.front.map(({ row }) => row)])].filter((row) => this.rows.includes(row));
    const shade = (row) => this.view.color ? this.shadeOf(row, colors) : colors.series[0];
    return { type: "scatter", z: 5, symbolSize: 12, cursor: "pointer", emphasis: { scale: 1.35 },
      data: rows.map((row) => ({ value: [this.x(row), this.y(row), row], itemStyle: { color: shade(row), borderColor: colors.ground, borderWidth: 1.5 } })) };
  }

  shadeOf(row, colors) {
    const { options, codes } = this.points.choices[this.view.color];
    return codes[row] < 0 ? colors.faint : optionColors(options, colors)[codes[row]];
  }

  // 95 % confidence intervals along either axis.
  bars(colors) {
    const rows = this.rows.length > MOST_BARS ? this.front.map(({ row }) => row) : this.rows;
    const data = rows.flatMap((row) => {
      const across = this.points.interval(this.view.x, row), along = this.points.interval(this.view.y, row);
      return [across && [across[0], this.y(row), across[1], this.y(row)], along && [this.x(row), along[0], this.x(row), along[1]]].filter(Boolean);
    });
    const style = { stroke: colors.strong, lineWidth: 1.25, opacity: 0.7 };
    return { type: "custom", z: 4, silent: true, clip: true, encode: { x: [0, 2], y: [1, 3] }, data, renderItem: (_, api) => {
      const [x1, y1] = api.coord([api.value(0), api.value(1)]), [x2, y2] = api.coord([api.value(2), api.value(3)]);
      return { type: "line", shape: { x1, y1, x2, y2 }, style };
    } };
  }

  tip(row) {
    const { points, view } = this;
    const { targets } = points.search.spec;
    const lines = [view.y, view.x, ...points.keys().filter((key) => key !== view.x && key !== view.y)].slice(0, 5).map((key) => {
      const interval = points.interval(key, row);
      const spread = interval ? ` (${quantity(key, interval[0]).split(" ")[0]} – ${quantity(key, interval[1])})` : "";
      return [metricName(key, targets), quantity(key, points.value(key, row)) + spread];
    });
    if (view.color) lines.push([words(view.color), optionText(points.choice(view.color, row))]);
    return facts(`Candidate ${points.numbers[row]}`, lines);
  }
}
