// Parallel coordinates: the choices that matter most and the metrics, a line a candidate.

import { Chart, tooltip } from "./chart.js";
import { metricUnit, metricName, option as optionText, tick, words } from "./format.js";

const MOST_LINES = 1500;

export class ParallelChart {
  constructor(box) {
    this.chart = new Chart(box, (colors) => (this.rows?.length ? this.option(colors) : null));
  }

  // `strong` are rows to stand out: what is selected, or the front.
  show(points, choices, strong) {
    this.points = points;
    this.choices = choices;
    this.strong = new Set(strong);
    this.keys = points.keys().filter((key) => points.search.spec.objectives.some((o) => key === o.metric || key === `${o.metric}@${o.target}`));
    const completed = points.rowsWith(...this.keys).filter((row) => points.isCompleted(row));
    this.rows = [...completed.filter((row) => !this.strong.has(row)).slice(-MOST_LINES), ...completed.filter((row) => this.strong.has(row))];
    this.chart.describe(`Choices and metrics of ${this.rows.length} candidates; ${this.strong.size} stand out.`);
    this.chart.draw();
  }

  option(colors) {
    const name = { color: colors.soft, fontSize: 11, lineHeight: 13 };
    const label = { color: colors.ink, fontSize: 11, backgroundColor: colors.ground, padding: [0, 2], borderRadius: 2 };
    const choice = (of, dim) => ({ dim, type: "category", name: broken(words(of)), data: [...this.points.choices[of].options.map(optionText), "not used"], axisLabel: label });
    const metric = (key, i) => ({ dim: this.choices.length + i, name: `${broken(metricName(key, this.points.search.spec.targets))}\n${metricUnit(key)}`, scale: true,
      axisLabel: { ...label, formatter: (v) => tick(key, v) } });
    const line = (row) => [...this.choices.map((of) => optionText(this.points.choice(of, row))),
      ...this.keys.map((key) => this.points.value(key, row))];
    const strong = (row) => this.strong.has(row);
    const style = (color, width, opacity) => ({ color, width, opacity });
    const many = this.rows.length > 300;
    return {
      tooltip: tooltip(colors),
      parallel: { left: 40, right: 56, top: 64, bottom: 20, axisExpandable: false },
      parallelAxis: [...this.choices.map(choice), ...this.keys.map(metric)].map((made) => ({ ...made, nameTextStyle: name, nameGap: 14,
        axisLine: { lineStyle: { color: colors.strong } }, axisTick: { show: false }, areaSelectStyle: { color: colors.series[0], opacity: 0.2, borderColor: colors.series[0], width: 16 } })),
      series: [false, true].map((front) => ({ type: "parallel", silent: true, progressive: 500, z: front ? 3 : 2,
        lineStyle: front ? style(colors.series[0], 1.75, 0.85) : style(colors.soft, 1, many ? 0.08 : 0.25),
        inactiveOpacity: 0.03, activeOpacity: 0.9, data: this.rows.filter((row) => strong(row) === front).map(line) })),
    };
  }
}

// At most two lines, so that neighbours do not touch.
const broken = (name) => name.replace(/^(\S+) (.+)$/, "$1\n$2");
