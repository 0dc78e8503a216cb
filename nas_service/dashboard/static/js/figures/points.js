// A search's candidates, as the server's columns, with what the charts ask of them.

export class Points {
  constructor(columns, search) {
    Object.assign(this, columns);
    this.search = search;
    this.count = columns.ids.length;
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
