// The part of a search's page that says how far its short cuts can be trusted: latency predictors, shared weights,
// proxies.

import { TableBehind, candidateLink, options } from "./dom.js";
import { metricTitle, number, quantity, targetName, tick } from "./format.js";
import { LikenessChart } from "./likeness_chart.js";
import { RankingChart, rankings } from "./ranking_chart.js";

const axisOf = (key) => ({ title: metricTitle(key, []), write: (v) => quantity(key, v), tick: (v) => tick(key, v) });
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

export class Evidence {
  constructor(part, open) {
    this.part = part;
    this.predicted = new LikenessChart(part("predicted-chart"), ({ id }) => open(id));
    this.ranking = new RankingChart(part("ranking-chart"));
    this.tables = [new TableBehind(part("predicted-table"), () => this.predictedTable()), new TableBehind(part("ranking-table"), () => this.ranking.table())];
    if (part("inherited-chart")) {
      this.inherited = new LikenessChart(part("inherited-chart"));
      this.tables.push(new TableBehind(part("inherited-table"), () => this.inheritedTable()));
    }
    part("predicted-target").addEventListener("change", () => this.showPredicted());
  }

  show(points, proxies) {
    this.points = points;
    this.fillTargets();
    this.showPredicted();
    const { spec, supernet } = points.search;
    const inherits = spec.strategy.evaluator === "supernet" && supernet?.trusted !== false;
    const rows = rankings(supernet, inherits, proxies);
    this.ranking.show(rows);
    this.part("ranking-empty").hidden = rows.length > 0;
    if (this.inherited) this.showInherited(supernet?.comparisons ?? []);
    for (const table of this.tables) table.fill();
  }

  fillTargets() {
    const { points } = this;
    const select = this.part("predicted-target");
    const { targets } = points.search.spec;
    const found = targets.map((target, i) => [String(i), targetName(target)]).filter(([i]) => `predicted_latency_ms@${i}` in points.metrics);
    options(select, found, found.some(([i]) => i === select.value) ? select.value : found[0]?.[0]);
    select.parentElement.hidden = found.length < 2;
  }

  showPredicted() {
    const { points } = this;
    const target = this.part("predicted-target").value;
    const [x, y] = [`predicted_latency_ms@${target}`, `latency_ms@${target}`];
    this.pairs = target === "" ? [] : points.rowsWith(x, y).map((row) => ({ x: points.value(x, row), y: points.value(y, row), id: points.ids[row], number: points.numbers[row], name: `Candidate ${points.numbers[row]}` }));
    const off = this.pairs.map((pair) => Math.abs(pair.x / pair.y - 1));
    const says = this.pairs.length ? `${this.pairs.length} predicted before they were measured; off by ${(100 * mean(off)).toFixed(1)} % on average` : "";
    this.part("predicted-note").textContent = says;
    this.part("predicted-empty").hidden = this.pairs.length > 0;
    this.predicted.show(this.pairs, { x: axisOf("predicted_latency_ms"), y: { ...axisOf("latency_ms"), title: "Measured latency (ms)" } }, `${says}. The dashed line is where both are equal.`);
    this.tables[0].fill();
  }

  showInherited(comparisons) {
    this.compared = comparisons.map(({ inherited, scratch, macs }, i) => ({ x: inherited, y: scratch, macs, name: `Network ${i + 1} of the sample` }));
    const write = (title) => ({ ...axisOf("accuracy"), title });
    this.inherited.show(this.compared, { x: write("Inherited (%)"), y: write("Trained from scratch (%)") }, `Accuracies of ${comparisons.length} networks with the supernet's weights and trained from scratch.`);
    this.part("inherited-empty").hidden = comparisons.length > 0;
  }

  predictedTable() {
    const rows = this.pairs.map(({ id, number: of, x, y }) => [candidateLink(id, of), number("latency_ms", x), number("latency_ms", y), `${(100 * (x / y - 1)).toFixed(1)} %`.replace("-", "−")]);
    return { caption: "Latencies as predicted when the candidate was proposed, and as measured.", columns: [["Candidate", false], ["Predicted (ms)", true], ["Measured (ms)", true], ["Off by", true]], rows };
  }

  inheritedTable() {
    const rows = this.compared.map(({ name, macs, x, y }) => [name, number("macs", macs), number("accuracy", x), number("accuracy", y)]);
    return { caption: "Validation accuracies.", columns: [["Network", false], ["MACs (M)", true], ["Inherited (%)", true], ["From scratch (%)", true]], rows };
  }
}
