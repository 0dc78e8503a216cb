// The page of one candidate: its learning curve and the samples of its latency.

import { get } from "./api.js";
import { CandidateCurve } from "./candidate_curve.js";
import { TableBehind, options } from "./dom.js";
import { clock, targetName } from "./format.js";
import { LatencyChart, birthplace } from "./latency_chart.js";
import { SamplesChart, unpacked } from "./samples_chart.js";

const root = document.getElementById("candidate");
const part = (name) => root.querySelector(`[data-part="${name}"]`);
const { curve, measurements } = JSON.parse(document.getElementById("initial").textContent);

if (part("curve-chart")) {
  const chart = new CandidateCurve(part("curve-chart"), curve);
  new TableBehind(part("curve-table"), () => chart.table());
}

if (measurements.length) {
  const chart = new LatencyChart(part("latency-chart"));
  const inOrder = new SamplesChart(part("samples-chart"));
  const select = part("measurement");
  const buttons = [...root.querySelectorAll("[data-samples]")];
  let ordered = false;
  // All samples are asked for when somebody wants to see them: they are most of the candidate's document.
  const showSamples = async (measurement) => {
    const { measurements: all } = await get(`/v1/candidates/${root.dataset.candidate}`);
    const { result } = all.find(({ id }) => id === measurement.id);
    if (!result.samples_f32_zlib_base64) return false;
    inOrder.show(await unpacked(result.samples_f32_zlib_base64), result);
    part("sample-note").textContent = `${inOrder.samples.length} samples, ${inOrder.beyond()} above what is shown`;
    return true;
  };
  const newestFirst = measurements.toReversed();
  const name = (m) => `${targetName(m.target)}, ${new Date(m.created_at).toLocaleDateString()} ${clock(m.created_at)}${m.noisy ? " (noisy)" : ""}`;
  const show = () => {
    const measurement = newestFirst[Number(select.value)];
    chart.show(measurement);
    part("sample-note").textContent = "";
    for (const button of buttons) button.setAttribute("aria-pressed", String((button.dataset.samples === "order") === ordered));
    part("samples-chart").hidden = !ordered;
    if (ordered) {
      part("latency-chart").hidden = true;
      showSamples(measurement).then((kept) => { if (!kept) part("sample-note").textContent = "Its samples were not kept."; });
    }
    part("birthplace").replaceChildren(...birthplace(measurement));
  };
  options(select, newestFirst.map((m, i) => [String(i), name(m)]), "0");
  select.addEventListener("change", show);
  for (const button of buttons) button.addEventListener("click", () => { ordered = button.dataset.samples === "order"; show(); });
  show();
}
