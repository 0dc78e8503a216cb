// How far different things rank candidates as their trainings do: Kendall's tau of each, with its interval.

import { Chart, axis, facts, tooltip } from "./chart.js";

const ROW_PX = 30;
const LEAST_PX = 200;
const NAMES = { macs: "MACs", params: "parameters" };

const tau = (value) => value.toFixed(2).replace("-", "−");

// A row of the supernet and of what it has to beat, then one of each proxy after each number of epochs. Where
// candidates inherit their accuracies, proxies were held against these, which says nothing of trainings.
export function rankings(supernet, inherits, proxies) {
  const found = supernet?.agreement;
  const of = found ? `${found.sample} networks` : "";
  const shared = found ? [{ name: "inherited accuracy", note: `${of}, 90 % interval`, ...found, strong: true }] : [];
  const macs = found && found.macs_tau !== null ? [{ name: "MACs of the same", note: of, tau: found.macs_tau, low: null, high: null }] : [];
  const several = new Set(proxies.map(({ epochs }) => epochs)).size > 1;
  const rest = (inherits ? [] : proxies).map((one) => ({ ...one, name: `${NAMES[one.proxy] ?? one.proxy}${several ? `, ${one.epochs} epochs` : ""}`, note: `${one.count} candidates, ${one.epochs} epochs, 95 % interval` }));
  return [...shared, ...macs, ...rest];
}

export class RankingChart {
  constructor(box) {
    this.box = box;
    this.chart = new Chart(box, (colors) => (this.rows?.length ? this.option(colors) : null));
  }

  show(rows) {
    this.rows = rows;
    this.box.style.height = `${Math.max(LEAST_PX, rows.length * ROW_PX + 60)}px`;
    this.chart.describe(`Kendall's tau with the order of trainings. ${rows.map((row) => `${row.name}: ${tau(row.tau)}`).join("; ")}.`);
    this.chart.draw();
  }

  option(colors) {
    const { rows } = this;
    const bars = rows.map((row, i) => [row.low, row.high, i]).filter(([low]) => low !== null);
    const style = { stroke: colors.strong, lineWidth: 2 };
    const bar = (_, api) => {
      const [x1, y] = api.coord([api.value(0), api.value(2)]), [x2] = api.coord([api.value(1), api.value(2)]);
      return { type: "line", shape: { x1, y1: y, x2, y2: y }, style };
    };
    return {
      grid: { left: 6, right: 40, top: 8, bottom: 30, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      xAxis: axis(colors, { type: "value", min: ({ min }) => Math.min(0, Math.floor(10 * Math.min(min, ...bars.map(([low]) => low))) / 10), max: 1, name: "Kendall's tau", nameLocation: "middle", nameGap: 26 }),
      yAxis: axis(colors, { type: "category", inverse: true, data: rows.map(({ name }) => name), splitLine: { show: false }, axisLabel: { color: colors.ink, fontSize: 12 } }),
      tooltip: tooltip(colors, { trigger: "item", formatter: ({ value }) => this.tip(rows[value[1]]) }),
      series: [
        { type: "custom", silent: true, z: 2, encode: { x: [0, 1], y: 2 }, data: bars, renderItem: bar },
        { type: "scatter", z: 3, symbolSize: 11, data: rows.map((row, i) => ({ value: [row.tau, i], itemStyle: { color: row.strong ? colors.series[1] : colors.series[0] } })),
          label: { show: true, position: "top", distance: 3, color: colors.ink, fontSize: 11, formatter: ({ value }) => tau(value[0]) } },
      ],
    };
  }

  tip(row) {
    return facts(row.name, [["Tau", tau(row.tau)], ...(row.low === null ? [] : [["Interval", `${tau(row.low)} to ${tau(row.high)}`]]), ["Of", row.note]]);
  }

  table() {
    return {
      caption: "Kendall's tau: 1 is the order of the trainings, 0 none, −1 the opposite one.",
      columns: [["By", false], ["Tau", true], ["From", true], ["To", true], ["Of", false]],
      rows: (this.rows ?? []).map((row) => [row.name, tau(row.tau), row.low === null ? "–" : tau(row.low), row.high === null ? "–" : tau(row.high), row.note]),
    };
  }
}
