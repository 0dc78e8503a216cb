// What each worker did when: a bar a work item, retries and failures marked.

import { Chart, axis, facts, tooltip } from "./chart.js";
import { candidateLink } from "./dom.js";
import { clock, duration } from "./format.js";

export const KINDS = ["prepare", "evaluate", "profile", "finalize", "export", "supernet"];
const standsFor = { compare: "supernet", fit: "finalize", compress: "finalize" };
const kindOf = ({ kind }) => standsFor[kind] ?? kind;
const BAR = 14;

export class TimelineChart {
  constructor(box, open) {
    this.box = box;
    this.chart = new Chart(box, (colors) => (this.items?.length ? this.option(colors) : null));
    this.chart.on("click", ({ dataIndex }) => this.items[dataIndex]?.candidate_id && open(this.items[dataIndex].candidate_id));
  }

  show(items, numberOf) {
    this.items = items;
    this.numberOf = numberOf;
    this.workers = [...new Set(items.map((item) => item.worker_id ?? "nobody"))];
    this.start = Math.min(...items.map((item) => new Date(item.started_at)));
    this.box.dataset.rows = this.workers.length;
    this.box.style.height = `${Math.max(120, 58 + 34 * this.workers.length)}px`;
    const failed = items.filter((item) => item.status === "FAILED").length;
    const again = items.filter((item) => item.attempt > 1).length;
    this.chart.describe(`${items.length} work items on ${this.workers.length} workers; ${again} were tried again, ${failed} failed.`);
    this.chart.draw();
  }

  option(colors) {
    const seconds = (time) => (new Date(time) - this.start) / 1000;
    const data = this.items.map((item) => [seconds(item.started_at), seconds(item.finished_at ?? Date.now()), this.workers.indexOf(item.worker_id ?? "nobody")]);
    return {
      grid: { left: 6, right: 16, top: 8, bottom: 30, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      xAxis: axis(colors, { type: "value", min: 0, max: "dataMax", name: "since the first start", nameLocation: "middle", nameGap: 26, axisLabel: { color: colors.soft, fontSize: 11, formatter: duration, hideOverlap: true } }),
      yAxis: axis(colors, { type: "category", inverse: true, data: this.workers.map((id) => id.replace("worker-", "").slice(0, 6)), axisLabel: { color: colors.ink, fontSize: 11 } }),
      dataZoom: [{ type: "inside", xAxisIndex: 0, filterMode: "weakFilter", zoomOnMouseWheel: "ctrl", moveOnMouseMove: true }],
      tooltip: tooltip(colors, { trigger: "item", formatter: ({ dataIndex }) => this.tip(this.items[dataIndex]) }),
      series: [{ type: "custom", encode: { x: [0, 1], y: 2 }, data, clip: true, renderItem: ({ dataIndex }, api) => this.bar(dataIndex, api, colors) }],
    };
  }

  bar(index, api, colors) {
    const item = this.items[index];
    const [left, y] = api.coord([api.value(0), api.value(2)]);
    const [right] = api.coord([api.value(1), api.value(2)]);
    const failed = item.status === "FAILED";
    const shape = { x: left, y: y - BAR / 2, width: Math.max(2, right - left - 1), height: BAR, r: 2 };
    const style = {
      fill: failed ? colors.bad : colors.series[KINDS.indexOf(kindOf(item)) % colors.series.length],
      opacity: item.status === "LEASED" ? 0.45 : 0.9,
      stroke: item.attempt > 1 ? colors.ink : undefined,
      lineWidth: item.attempt > 1 ? 1.5 : 0,
    };
    return { type: "rect", shape, style };
  }

  tip(item) {
    const lines = [["Worker", item.worker_id ?? "–"], ["Took", took(item)], ["Attempt", item.attempt]];
    if (item.failure) lines.push(["Failed", item.failure.detail]);
    const of = item.candidate_id ? ` candidate ${this.numberOf(item.candidate_id)}` : "";
    return facts(`${item.kind}${of}: ${item.status.toLowerCase()}`, lines);
  }

  table() {
    return {
      caption: "Work items in the order of their start.",
      columns: [["Work", false], ["Candidate", false], ["Worker", false], ["Started", false], ["Took", true], ["Attempt", true], ["Status", false]],
      rows: (this.items ?? []).map((item) => [item.kind, item.candidate_id ? candidateLink(item.candidate_id, this.numberOf(item.candidate_id)) : "–",
        item.worker_id ?? "–", clock(item.started_at), took(item), item.attempt, item.failure ? `${item.status}: ${item.failure.detail}` : item.status]),
    };
  }
}

const took = (item) => duration((new Date(item.finished_at ?? Date.now()) - new Date(item.started_at)) / 1000);
