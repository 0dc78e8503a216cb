// The front's hypervolume against evaluations or time.

import { Chart, axis, facts, tooltip } from "./chart.js";
import { clock, duration } from "./format.js";

export class GrowthChart {
  constructor(box) {
    this.against = "evaluations";
    this.chart = new Chart(box, (colors) => (this.growth?.steps.length ? this.option(colors) : null));
  }

  show(growth) {
    this.growth = growth;
    const last = growth.steps.at(-1);
    if (last) this.chart.describe(`The hypervolume has reached ${share(last)} of the box after ${last.completed} completed candidates.`);
    this.chart.draw();
  }

  turn(against) {
    this.against = against;
    this.chart.draw({ keepZoom: false });
  }

  x(step) {
    const start = new Date(this.growth.steps[0].at);
    return this.against === "time" ? (new Date(step.at) - start) / 1000 : step.completed;
  }

  option(colors) {
    const { steps } = this.growth;
    const timed = this.against === "time";
    const last = steps.at(-1);
    return {
      grid: { left: 6, right: 52, top: 16, bottom: 30, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      xAxis: axis(colors, { type: "value", min: timed ? 0 : 1, max: this.x(last), name: timed ? "time since the first result" : "completed candidates", nameLocation: "middle", nameGap: 26,
        splitLine: { show: false }, axisLabel: { color: colors.soft, fontSize: 11, hideOverlap: true, formatter: timed ? duration : undefined } }),
      yAxis: axis(colors, { type: "value", min: 0, max: 1, interval: 0.25, axisLabel: { color: colors.soft, fontSize: 11, formatter: (v) => `${Math.round(100 * v)} %` } }),
      tooltip: tooltip(colors, { trigger: "axis", formatter: ([{ dataIndex }]) => this.tip(steps[dataIndex]) }),
      series: [{ type: "line", step: "end", symbol: "none", lineStyle: { color: colors.series[0], width: 2 }, areaStyle: { color: colors.series[0], opacity: 0.1 },
        endLabel: { show: true, formatter: () => share(last), color: colors.ink, fontWeight: 600, fontSize: 12 },
        data: steps.map((step) => [this.x(step), step.hypervolume_ratio]) }],
    };
  }

  tip(step) {
    return facts(`After ${step.completed} candidates`, [["Hypervolume", share(step)], ["On the front", step.front_size], ["At", clock(step.at)]]);
  }

  table() {
    return {
      caption: "Hypervolume as a share of the box between the worst and the best values.",
      columns: [["Completed", true], ["At", false], ["Hypervolume", true], ["On the front", true]],
      rows: (this.growth?.steps ?? []).map((step) => [step.completed, clock(step.at), share(step), step.front_size]),
    };
  }
}

const share = (step) => `${(100 * step.hypervolume_ratio).toFixed(1)} %`;
