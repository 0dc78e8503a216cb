// How long a search would take, in words: a range, and what it is known from.

import { element } from "./element.js";
import { duration } from "./figures/format.js";

const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

function range({ low, high }, write) {
  const [from, to] = [write(low), write(high)];
  const unit = to.match(/ \S+$/)?.[0] ?? "";
  return from === to ? from : `${unit && from.endsWith(unit) ? from.slice(0, -unit.length) : from} – ${to}`;
}

export function forecastLines(known) {
  if (!known) return line("Time", "Nothing is known yet: no search like it was run here.");
  const workers = known.worker_count ? `with ${plural(known.lanes, "worker")}` : "with one worker; none is connected";
  return [
    ...line("Time", `${range(known.duration_s, duration)} ${workers}`),
    ...line("Work", `${range(known.work_s, duration)} of all workers together`),
    ...line("Reaches", `${range(known.candidates, (count) => String(Math.round(count)))} candidates`),
    ...line("Told from", `${plural(known.evaluation_count, "evaluation")} of ${known.search_count === 1 ? "a search" : `${known.search_count} searches`} like it`),
  ];
}

const line = (name, text) => [element("dt", {}, name), element("dd", { class: "tabular" }, text)];
