// How much of an objective's variance goes with each choice: bars, and the best option beside each.

import { Chart, axis, facts, tooltip } from "./chart.js";
import { metricName, option as optionText, quantity, words } from "./format.js";
import { isMaximized } from "./pareto.js";

const MOST_BARS = 12;

export class ImportanceChart {
  constructor(box) {
    this.box = box;
    this.chart = new Chart(box, (colors) => (this.effects?.length ? this.option(colors) : null));
  }

  show(importance, key, search) {
    Object.assign(this, { key, search, effects: (importance.objectives[key] ?? []).slice(0, MOST_BARS), all: importance.objectives[key] ?? [] });
    const first = this.effects[0];
    if (first) this.chart.describe(`The choice that goes with most of the variance is ${words(first.choice)}, with ${percent(first.share)}.`);
    this.chart.draw();
  }

  best(effect) {
    const sign = isMaximized(this.key, this.search.spec.objectives) ? -1 : 1;
    return effect.options.toSorted((a, b) => sign * (a.mean - b.mean))[0];
  }

  option(colors) {
    const shown = this.effects.toReversed();
    return {
      grid: { left: 6, right: 96, top: 6, bottom: 26, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      xAxis: axis(colors, { type: "value", min: 0, splitNumber: 2, axisLabel: { color: colors.soft, fontSize: 11, formatter: (v) => `${Math.round(100 * v)} %` } }),
      yAxis: axis(colors, { type: "category", data: shown.map((e) => words(e.choice)), axisLabel: { color: colors.ink, fontSize: 12 } }),
      tooltip: tooltip(colors, { trigger: "item", formatter: ({ dataIndex }) => this.tip(shown[dataIndex]) }),
      series: [{ type: "bar", barWidth: "60%", data: shown.map((e) => e.share), itemStyle: { color: colors.series[0], borderRadius: [0, 3, 3, 0] },
        label: { show: true, position: "right", color: colors.soft, fontSize: 11, formatter: ({ dataIndex }) => `best: ${optionText(this.best(shown[dataIndex]).option)}` } }],
    };
  }

  tip(effect) {
    const lines = effect.options.map((o) => [`${optionText(o.option)} (${o.count})`, quantity(this.key, o.mean)]);
    return facts(`${words(effect.choice)}: mean ${metricName(this.key).toLowerCase()}`, lines);
  }

  table() {
    return {
      caption: "Share of variance by itself (epsilon-squared), and the option with the best mean.",
      columns: [["Choice", false], ["Share", true], ["Best option", false], ["Its mean", true], ["Candidates", true]],
      rows: (this.all ?? []).map((effect) => {
        const best = this.best(effect);
        return [words(effect.choice), percent(effect.share), optionText(best.option), quantity(this.key, best.mean), best.count];
      }),
    };
  }
}

const percent = (share) => `${(100 * share).toFixed(0)} %`;
