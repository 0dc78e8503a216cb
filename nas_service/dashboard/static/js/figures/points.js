// A search's candidates, as the server's columns, with what the charts ask of them.

import { objectiveKey } from "./format.js";

const WORTH_SHOWING = 0.05; // a probability of being on the front, of those that are dominated within noise

export class Points {
  constructor(columns, search) {
    Object.assign(this, columns);
    this.search = search;
    this.count = columns.ids.length;
    this.rowOf = new Map(columns.ids.map((id, row) => [id, row]));
    this.settle({ figures: "search", axes: [], members: [], near: [], dominated: [] });
  }

  // Who is on the front, who may be, and who was finalized and is not: rows, and their places by row. Where the front
  // is made of final numbers, these take the place of those that the search went by.
  settle(found) {
    this.isFinal = found.figures === "final";
    this.places = new Map();
    const rows = (places) => places.map((place) => [this.rowOf.get(place.candidate.id), place]).filter(([row]) => row !== undefined);
    for (const name of ["members", "near", "dominated"]) {
      const entries = rows(found[name]).filter(([, place]) => name !== "near" || place.probability >= WORTH_SHOWING);
      this[name] = entries.map(([row]) => row);
      for (const [row, place] of entries) this.places.set(row, place);
    }
    if (!this.isFinal) return;
    for (const [row, place] of this.places) {
      for (const [key, value] of Object.entries(place.metrics)) if (key in this.metrics) this.metrics[key][row] = value;
      found.axes.forEach(({ key }, i) => this.note(key, row, place.intervals[i]));
    }
  }

  note(key, row, interval) {
    const unknown = () => new Array(this.count).fill(null);
    this.intervals[key] ??= { low: unknown(), high: unknown() };
    [this.intervals[key].low[row], this.intervals[key].high[row]] = interval ?? [null, null];
  }

  value(key, row) {
    return this.metrics[key]?.[row] ?? null;
  }

  interval(key, row) {
    const low = this.intervals[key]?.low[row] ?? null;
    return low === null ? null : [low, this.intervals[key].high[row]];
  }

  // The option of a choice; null where the choice has no effect.
  choice(name, row) {
    const { options, codes } = this.choices[name];
    return codes[row] < 0 ? null : options[codes[row]];
  }

  isCompleted(row) {
    return this.statuses[row] === "COMPLETED";
  }

  // Rows with a number for each of these metrics.
  rowsWith(...keys) {
    const columns = keys.map((key) => this.metrics[key] ?? []);
    return this.ids.map((_, row) => row).filter((row) => columns.every((column) => (column[row] ?? null) !== null));
  }

  // Metric keys, the objectives first.
  keys() {
    const objectives = this.search.spec.objectives.map(objectiveKey);
    return [...new Set([...objectives, ...Object.keys(this.metrics)])].filter((key) => key in this.metrics);
  }

  // Choices that vary, by name.
  varying() {
    return Object.keys(this.choices).filter((name) => new Set(this.choices[name].codes).size > 1);
  }
}
