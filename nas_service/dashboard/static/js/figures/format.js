// How metrics are named and written: units, three significant digits, no surprises.

const METRICS = {
  // Cut and not rounded up: an accuracy is never shown better than it is.
  accuracy: { name: "Accuracy", unit: "%", write: (v) => (Math.floor(1e4 * v + 1e-9) / 100).toFixed(2) },
  latency_ms: { name: "Latency", unit: "ms", write: (v) => significant(v) },
  predicted_latency_ms: { name: "Predicted latency", unit: "ms", write: (v) => significant(v) },
  peak_memory_mib: { name: "Peak memory", unit: "MiB", write: (v) => significant(v) },
  sharpness: { name: "Sharpness", unit: "nats", write: (v) => significant(v) },
  size_bytes: { name: "Size", unit: "kB", write: (v) => significant(v / 1e3) },
  packed_bytes: { name: "Packed weights", unit: "kB", write: (v) => significant(v / 1e3) },
  macs: { name: "MACs", unit: "M", write: (v) => significant(v / 1e6) },
  params: { name: "Parameters", unit: "k", write: (v) => significant(v / 1e3) },
};

export function significant(value, digits = 3) {
  if (value === 0) return "0";
  const whole = Math.floor(Math.log10(Math.abs(value))) + 1;
  return value.toFixed(Math.min(6, Math.max(0, digits - whole)));
}

const split = (key) => {
  const [metric, target] = key.split("@");
  return { metric, target: target === undefined ? null : Number(target) };
};

export const metricOf = (key) => split(key).metric;
export const targetOf = (key) => split(key).target;

export function targetName(target) {
  const threads = target.threads === 1 ? "1 thread" : `${target.threads} threads`;
  const batch = target.batch_size === 1 ? "" : `, batch ${target.batch_size}`;
  return `${target.device} · ${target.runtime} ${target.precision}, ${threads}${batch}`;
}

export function metricName(key, targets = []) {
  const { metric, target } = split(key);
  const name = METRICS[metric]?.name ?? metric;
  return target === null || targets.length < 2 ? name : `${name} on target ${target}`;
}

export const metricUnit = (key) => METRICS[metricOf(key)]?.unit ?? "";
export const metricTitle = (key, targets) => `${metricName(key, targets)} (${metricUnit(key)})`;

// The number alone; for a cell below a heading with the unit, or an axis with a title.
export function number(key, value) {
  if (value === null || value === undefined) return "–";
  return (METRICS[metricOf(key)]?.write ?? significant)(value);
}

// An axis' labels: as short as its values allow.
export function tick(key, value) {
  const metric = metricOf(key);
  const scaled = metric === "accuracy" ? 100 * value : value / ({ size_bytes: 1e3, packed_bytes: 1e3, params: 1e3, macs: 1e6 }[metric] ?? 1);
  return String(Number(scaled.toPrecision(4)));
}

export const quantity = (key, value) =>
  value === null || value === undefined ? "–" : `${number(key, value)} ${metricUnit(key)}`;

export const option = (value) => (value === null ? "not used" : String(value));
export const words = (name) => name.replaceAll("_", " ");

export function duration(seconds) {
  if (seconds < 1) return `${Math.round(1000 * seconds)} ms`;
  if (seconds < 120) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  if (seconds < 600) return `${Number((seconds / 60).toFixed(1))} min`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}

export const bytes = (count) =>
  count < 1e3 ? `${count} B` : count < 1e6 ? `${significant(count / 1e3)} kB` : `${significant(count / 1e6)} MB`;

export const clock = (time) => new Date(time).toLocaleTimeString([], { hour12: false });
