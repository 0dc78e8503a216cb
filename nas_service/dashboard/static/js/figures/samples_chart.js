// Every sample of a measurement in the order in which it was taken: drift, jumps and bursts that a histogram hides.

import { Chart, axis, facts, tooltip } from "./chart.js";
import { significant } from "./format.js";

const ms = (value) => `${significant(value)} ms`;

// Samples as workers store them: 32-bit floats, deflated, in base64.
export async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Float32Array(await new Response(stream).arrayBuffer());
}

export class SamplesChart {
  constructor(box) {
    this.chart = new Chart(box, (colors) => (this.samples?.length ? this.option(colors) : null));
  }

  show(samples, result) {
    Object.assign(this, { samples, result });
    this.chart.describe(`All ${samples.length} samples in the order in which they were taken; ${this.beyond()} lie above what is shown.`);
    this.chart.draw({ keepZoom: false });
  }

  // Twice the distance of the 99 % quantile: single interruptions would make everything else a line.
  top() {
    const { p10_ms: low, p99_ms: high } = this.result;
    return high === undefined ? Math.max(...this.samples) : high + (high - low);
  }

  beyond() {
    const top = this.top();
    return this.samples.filter((value) => value > top).length;
  }

  option(colors) {
    const { samples } = this;
    const top = this.top();
    return {
      grid: { left: 6, right: 16, top: 14, bottom: 30, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      xAxis: axis(colors, { type: "value", min: 0, max: samples.length, name: "sample, in order", nameLocation: "middle", nameGap: 26, splitLine: { show: false } }),
      yAxis: axis(colors, { type: "value", scale: true, max: top, axisLabel: { color: colors.soft, fontSize: 11, formatter: (v) => ms(v) } }),
      dataZoom: [{ type: "inside", xAxisIndex: 0, zoomOnMouseWheel: "ctrl" }],
      tooltip: tooltip(colors, { trigger: "item", formatter: ({ value }) => facts(`Sample ${value[0] + 1}`, [["Latency", ms(value[1])]]) }),
      series: [{ type: "scatter", symbolSize: 3, large: samples.length > 2000, itemStyle: { color: colors.series[0], opacity: 0.45 },
        data: Array.from(samples, (value, i) => [i, value]).filter(([, value]) => value <= top) }],
    };
  }
}
