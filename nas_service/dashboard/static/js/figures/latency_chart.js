// How the samples of a measurement are spread, and where and how they were taken.

import { Chart, axis, facts, tooltip } from "./chart.js";
import { element } from "./dom.js";
import { duration, significant } from "./format.js";

const ms = (value) => (value === null || value === undefined ? "–" : `${significant(value)} ms`);

export class LatencyChart {
  constructor(box) {
    this.box = box;
    this.chart = new Chart(box, (colors) => (this.measurement?.histogram ? this.option(colors) : null));
  }

  show(measurement) {
    this.measurement = measurement;
    this.box.hidden = !measurement.histogram;
    const { median_ms: median, p10_ms: low, p90_ms: high } = measurement.result;
    this.chart.describe(`Median ${ms(median)}; 80 % of the samples lie between ${ms(low)} and ${ms(high)}.`);
    this.chart.draw();
  }

  option(colors) {
    const { histogram, result } = this.measurement;
    const { edges_ms: edges, counts } = histogram;
    const data = counts.map((count, i) => [edges[i], edges[i + 1], count]);
    const bar = (_, api) => {
      const [x, y] = api.coord([api.value(0), api.value(2)]), [right, bottom] = api.coord([api.value(1), 0]);
      return { type: "rect", shape: { x, y, width: Math.max(1, right - x - 1), height: bottom - y }, style: { fill: colors.series[0], opacity: 0.75 } };
    };
    const interval = [{ xAxis: result.ci95_low_ms, name: `median ${ms(result.median_ms)}` }, { xAxis: result.ci95_high_ms }];
    return {
      grid: { left: 6, right: 16, top: 24, bottom: 30, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      xAxis: axis(colors, { type: "value", min: edges[0], max: edges.at(-1), name: "latency (ms), number of samples", nameLocation: "middle", nameGap: 26, splitLine: { show: false },
        axisLabel: { color: colors.soft, fontSize: 11, hideOverlap: true, formatter: (v) => significant(v) } }),
      yAxis: axis(colors, { type: "value", minInterval: 1 }),
      tooltip: tooltip(colors, { trigger: "item", formatter: ({ data: [from, to, count] }) => facts(`${ms(from)} – ${ms(to)}`, [["Samples", count]]) }),
      series: [{ type: "custom", encode: { x: [0, 1], y: 2 }, data, renderItem: bar,
        markArea: result.ci95_low_ms === undefined ? undefined : { silent: true, data: [interval], itemStyle: { color: colors.series[1], opacity: 0.45 }, label: { position: "top", align: "left", color: colors.ink, fontSize: 11, fontWeight: 600 } } }],
    };
  }
}

// Names and values about a measurement, as the elements of a description list.
export function birthplace({ result, histogram, noisy }) {
  const born = result.birthplace ?? {};
  const lines = [
    ["Median", `${ms(result.median_ms)}, 95 % between ${ms(result.ci95_low_ms)} and ${ms(result.ci95_high_ms)}${noisy ? "; noisy: the precision asked for was not reached" : ""}`],
    ["As timed", result.baseline ? `median ${ms(result.timed_median_ms)}; told as on this device at rest (baseline ${result.baseline.version}: reference ${ms(result.baseline.reference_ms)})` : null],
    ["Left out", result.dropped_blocks ? Object.entries(result.dropped ?? {}).map(([cause, count]) => `${count} ${cause}`).join(", ") : null],
    ["Quantiles", `10 % ${ms(result.p10_ms)} · 90 % ${ms(result.p90_ms)} · 99 % ${ms(result.p99_ms)}`],
    ["Samples", `${result.sample_count ?? "–"} after ${result.warmup_count ?? "–"} to warm up${histogram?.slower_count ? `; ${histogram.slower_count} slower than shown` : ""}`],
    ["Memory", result.peak_memory_mib ? `${significant(result.peak_memory_mib)} MiB at the peak` : null],
    ["Reference model", result.reference_median_ms ? `${ms(result.reference_median_ms)} in between, to see drift` : null],
    ["Took", result.duration_s ? duration(result.duration_s) : null],
    ["Device", born.cpu ? `${born.device}: ${born.cpu}` : null],
    ["Setting", born.threads ? `${born.threads} thread${born.threads > 1 ? "s" : ""}, batch ${born.batch_size}, ${born.precision}, cores ${(born.pinned_cores ?? []).join(", ") || "not pinned"}` : null],
    ["Versions", born.versions ? Object.entries(born.versions).map(([name, version]) => `${name} ${version}`).join(" · ") : null],
    ["Load", born.load_average !== undefined ? `${born.load_average} on average, ${born.involuntary_switches ?? "–"} interruptions` : null],
    ["Taken", born.started_at ? new Date(born.started_at).toLocaleString() : null],
  ];
  return lines.filter(([, value]) => value !== null).flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]);
}
