// What happened, newest first; it holds as much as anybody reads.

import { candidateLink, element } from "./dom.js";
import { clock, quantity } from "./format.js";

const MOST = 300;

export class EventLog {
  constructor(list, toggle) {
    this.list = list;
    this.events = [];
    toggle.addEventListener("change", () => {
      list.classList.toggle("turns-only", toggle.checked);
    });
  }

  add(events) {
    this.events.push(...events);
    this.list.prepend(...events.toReversed().map(line));
    while (this.list.children.length > MOST) this.list.lastElementChild.remove();
  }
}

function line(event) {
  const kind = /^(search|supernet)\./.test(event.kind) || event.payload.status === "FAILED" ? "turn" : "step";
  return element("li", { class: kind }, element("time", { datetime: event.at }, clock(event.at)), element("span", {}, ...text(event)));
}

function text({ kind, payload }) {
  switch (kind) {
    case "search.submitted":
      return ["Submitted"];
    case "search.status":
      return [`Search ${payload.status.toLowerCase()}`, payload.failure ? `: ${payload.failure.detail}` : ""];
    case "search.phase":
      return [`Phase: ${payload.phase}`];
    case "search.front":
      return [`Front decided: ${payload.members.length} ${payload.members.length === 1 ? "network" : "networks"}`];
    case "predictor.made":
      return ["Latency predictor made"];
    case "candidate.status":
      return [candidateLink(payload.candidate_id, payload.number), ` ${payload.status.toLowerCase()}`, result(payload)];
    case "candidate.child":
      return [candidateLink(payload.candidate_id, payload.number), ` is made by ${payload.recipe.map((entry) => (typeof entry === "string" ? entry : Object.keys(entry)[0])).join(", ")}`];
    case "candidate.compressed":
      return [candidateLink(payload.candidate_id, payload.number), ` is ${payload.reason}`];
    case "candidate.finalized":
      return [candidateLink(payload.candidate_id, payload.number ?? "…"), " finalized"];
    case "supernet.trained":
      return [`Supernet trained: largest ${quantity("accuracy", payload.largest_accuracy)}, smallest ${quantity("accuracy", payload.smallest_accuracy)}`];
    case "supernet.reused":
      return ["Supernet of an earlier search taken up"];
    case "supernet.agreement":
      return [`Supernet ranks as trainings do: τ ${payload.tau?.toFixed(2) ?? "unknown"} (needed ${payload.needed})`];
    case "supernet.lengthened":
      return ["Supernet is trained longer"];
    case "supernet.rejected":
      return ["Supernet given up; candidates are trained from scratch"];
    default:
      return [kind];
  }
}

function result({ metrics, violations, failure }) {
  if (failure) return `: ${failure.detail}`;
  // Beside a quantized file's latency stands that file's accuracy.
  const accuracy = metrics?.["accuracy@0"] ?? metrics?.accuracy;
  if (accuracy === undefined) return "";
  const latency = metrics["latency_ms@0"] === undefined ? "" : `, ${quantity("latency_ms", metrics["latency_ms@0"])}`;
  const broken = Object.keys(violations ?? {}).length ? ", breaks a constraint" : "";
  return `: ${quantity("accuracy", accuracy)}${latency}${broken}`;
}
