// The page of one candidate: its learning curve and how its latency is spread.

import { CandidateCurve } from "./candidate_curve.js";
import { TableBehind, options } from "./dom.js";
import { clock, targetName } from "./format.js";
import { LatencyChart, birthplace } from "./latency_chart.js";

const root = document.getElementById("candidate");
const part = (name) => root.querySelector(`[data-part="${name}"]`);
const { curve, measurements } = JSON.parse(document.getElementById("initial").textContent);

if (part("curve-chart")) {
  const chart = new CandidateCurve(part("curve-chart"), curve);
  new TableBehind(part("curve-table"), () => chart.table());
}

if (measurements.length) {
  const chart = new LatencyChart(part("latency-chart"));
  const select = part("measurement");
  const newestFirst = measurements.toReversed();
  const name = (m) => `${targetName(m.target)}, ${new Date(m.created_at).toLocaleDateString()} ${clock(m.created_at)}${m.noisy ? " (noisy)" : ""}`;
  const show = () => {
    const measurement = newestFirst[Number(select.value)];
    chart.show(measurement);
    part("birthplace").replaceChildren(...birthplace(measurement));
  };
  options(select, newestFirst.map((m, i) => [String(i), name(m)]), "0");
  select.addEventListener("change", show);
  show();
}
