// A search's candidates, as the server's columns, with what the charts ask of them.

export class Points {
  constructor(columns, search) {
    Object.assign(this, columns);
    this.search = search;
    this.count = columns.ids.length;
    this.added = new Set();
    this.rowOf = new Map(columns.ids.map((id, row) => [id, row]));
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

  // Whether it may be on a front. Final numbers, once there are any, are compared with no others.
  contends(row) {
    return this.isCompleted(row) && (this.final[row] || !this.isFinal) && !this.added.has(row);
  }

  get isFinal() {
    return this.final.some(Boolean);
  }

  // A candidate that is shown beside those of the search, and is on no front of theirs.
  add({ id, number, status, metrics, intervals, architecture }) {
    const row = this.count++;
    this.added.add(row);
    this.rowOf.set(id, row);
    this.ids.push(id);
    this.numbers.push(number);
    this.statuses.push(status);
    this.feasible.push(true);
    this.final.push(false);
    for (const [key, column] of Object.entries(this.metrics)) column[row] = metrics[key] ?? null;
    for (const [key, column] of Object.entries(this.intervals)) [column.low[row], column.high[row]] = intervals[key] ?? [null, null];
    for (const [name, { options, codes }] of Object.entries(this.choices)) codes[row] = options.indexOf(architecture[name]);
  }

  // Rows with a number for each of these metrics.
  rowsWith(...keys) {
    const columns = keys.map((key) => this.metrics[key] ?? []);
    return this.ids.map((_, row) => row).filter((row) => columns.every((column) => (column[row] ?? null) !== null));
  }

  // Metric keys, the objectives first.
  keys() {
    const objectives = this.search.spec.objectives.map((o) => (o.target === null ? o.metric : `${o.metric}@${o.target}`));
    return [...new Set([...objectives, ...Object.keys(this.metrics)])].filter((key) => key in this.metrics);
  }

  // Choices that vary, by name.
  varying() {
    return Object.keys(this.choices).filter((name) => new Set(this.choices[name].codes).size > 1);
  }
}
