// The head of a search's page: its state, phases, progress, and what may be done with it.

import { post } from "./api.js";
import { element } from "./dom.js";
import { clock, duration, quantity } from "./format.js";

const BADGES = { RUNNING: "running", QUEUED: "", PAUSED: "warn", CANCELLING: "warn", SUCCEEDED: "good", FAILED: "bad", CANCELLED: "" };
const LIVE = ["QUEUED", "RUNNING", "PAUSED", "CANCELLING"];
const PHASES = [["prepare", "Prepare"], ["supernet", "Supernet"], ["search", "Search"], ["finalize", "Finalize"]];
const phasesOf = (search) => PHASES.filter(([phase]) => phase !== "supernet" || search.spec.strategy.evaluator === "supernet");

export const isOver = (search) => !LIVE.includes(search.status);

export class Header {
  constructor(root, { changed, failed }) {
    this.root = root;
    for (const button of root.querySelectorAll("button[data-action]"))
      button.addEventListener("click", () => this.steer(button, changed, failed));
  }

  part(name) {
    return this.root.querySelector(`[data-part="${name}"]`);
  }

  async steer(button, changed, failed) {
    const { action } = button.dataset;
    if (action === "cancel" && !confirm("Cancel this search? It ends without a front's bundles; what was found stays readable.")) return;
    button.disabled = true;
    try {
      changed(await post(`/v1/searches/${this.root.dataset.search}/${action}`));
    } catch (error) {
      failed(error.message);
    } finally {
      button.disabled = false;
    }
  }

  show(search, turns) {
    const badge = this.part("status");
    badge.className = `badge ${BADGES[search.status]}`;
    badge.textContent = search.status.toLowerCase();
    const phases = phasesOf(search);
    this.part("phases").replaceChildren(...phases.map((_, i) => this.phase(search, turns, phases, i)));
    this.progress(search);
    const may = { pause: ["QUEUED", "RUNNING"], resume: ["PAUSED"], cancel: ["QUEUED", "RUNNING", "PAUSED"] };
    for (const button of this.root.querySelectorAll("button[data-action]"))
      button.hidden = !may[button.dataset.action].includes(search.status);
    const notice = this.part("failure");
    notice.hidden = !search.failure;
    if (search.failure) notice.textContent = search.failure.detail;
  }

  phase(search, turns, phases, index) {
    const [phase, name] = phases[index];
    const now = phases.findIndex(([of]) => of === search.phase);
    const ended = search.status === "SUCCEEDED" || index < now;
    const state = ended ? "done" : index === now ? (isOver(search) ? "stopped" : "now") : "ahead";
    const times = this.times(search, turns);
    const [from, to] = [times[phase], times[phases[index + 1]?.[0]] ?? (isOver(search) ? search.finished_at : null)];
    const took = from && (to || state === "now") ? duration((new Date(to ?? Date.now()) - new Date(from)) / 1000) : "";
    const label = { done: "done", now: "in progress", stopped: "stopped here", ahead: "not begun" }[state];
    const item = element("li", { class: state, title: from ? `began at ${clock(from)}` : null }, element("span", {}, name), element("span", { class: "muted small tabular" }, took));
    item.append(element("span", { class: "visually-hidden" }, label));
    if (state === "now") item.setAttribute("aria-current", "step");
    return item;
  }

  times(search, turns) {
    const found = { prepare: search.started_at };
    for (const { kind, payload, at } of turns) if (kind === "search.phase") found[payload.phase] ??= at;
    return found;
  }

  progress(search) {
    const done = Object.entries(search.candidates).filter(([status]) => ["COMPLETED", "INFEASIBLE", "PRUNED", "FAILED", "CANCELLED"].includes(status)).reduce((sum, [, n]) => sum + n, 0);
    const { candidate_budget: most, minutes_budget: minutes } = search;
    const bar = this.part("progress");
    bar.max = most ?? (minutes ? 60 * minutes : 1);
    bar.value = isOver(search) && search.status === "SUCCEEDED" ? bar.max : Math.min(bar.max, most ? done : search.active_s);
    const facts = [
      ["Candidates", most ? `${done} of ${most}` : String(done)],
      ["Time", minutes ? `${duration(search.active_s)} of ${duration(60 * minutes)}` : duration(search.active_s)],
      ["Best accuracy", search.best_accuracy === null ? "–" : quantity("accuracy", search.best_accuracy)],
      ["Front", `${search.front_size} ${search.front_size === 1 ? "network" : "networks"}`],
      ["Hypervolume", `${(100 * search.hypervolume_ratio).toFixed(1)} %`],
      ["Failed", String(search.candidates.FAILED ?? 0)],
      ["Reused", String(search.reused_count)],
    ];
    const shown = facts.filter(([name, value]) => !(value === "0" && ["Failed", "Reused"].includes(name)));
    this.part("facts").replaceChildren(...shown.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));
  }
}
