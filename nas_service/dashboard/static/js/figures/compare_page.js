// The page of a comparison: loads the candidates of each search, and draws them on axes that all of them share.

import { announce } from "../shell.js";
import { get } from "./api.js";
import { TableBehind, candidateLink, options } from "./dom.js";
import { metricName, metricOf, metricTitle, number, targetName } from "./format.js";
import { FrontsChart } from "./fronts_chart.js";
import { Points } from "./points.js";

const part = (name) => document.querySelector(`[data-part="${name}"]`);
const { searches, marks } = JSON.parse(document.getElementById("initial").textContent);
const chart = new FrontsChart(part("fronts-chart"), (id) => location.assign(`/candidates/${id}`));
const behind = new TableBehind(part("fronts-table"), table);
const comparesCandidates = marks.length > 0;

// A target is the same one in another search where all that a latency depends on is the same.
const identity = (target) => JSON.stringify(Object.entries(target).toSorted());
const targets = new Map(searches.flatMap(({ spec }) => spec.targets.map((target) => [identity(target), target])));

// The chosen axes are part of the address, so that a link shows what its sender saw.
function readAddress() {
  const asked = new URLSearchParams(location.search);
  return { x: asked.get("x"), y: asked.get("y"), target: Number(asked.get("target") ?? 0) };
}

function writeAddress() {
  const address = new URL(location.href);
  for (const name of ["x", "y", "target"]) address.searchParams.set(name, part(name).value);
  history.replaceState(null, "", address);
}

// The key of a metric in one search: on the chosen target, where it is measured on one.
function keyIn({ points }, metric, chosen) {
  const index = points.search.spec.targets.findIndex((target) => identity(target) === chosen);
  return [`${metric}@${index}`, metric].find((key) => key in points.metrics) ?? null;
}

function fill(loaded) {
  const keys = loaded.flatMap(({ points }) => points.keys().filter((key) => !/@\D/.test(key)));
  const metrics = [...new Set(keys.map(metricOf))];
  const asked = readAddress();
  const entries = metrics.map((metric) => [metric, metricName(metric)]);
  const y = metrics.includes(asked.y) ? asked.y : "accuracy";
  const x = metrics.includes(asked.x) ? asked.x : (metrics.includes("latency_ms") ? "latency_ms" : metrics.find((metric) => metric !== y));
  options(part("y"), entries, y);
  options(part("x"), entries, x);
  options(part("target"), [...targets.values()].map((target, i) => [String(i), targetName(target)]), String(asked.target));
  part("target-field").hidden = targets.size < 2;
}

function show(loaded) {
  const axes = { x: part("x").value, y: part("y").value };
  const chosen = [...targets.keys()][Number(part("target").value || 0)];
  const placed = loaded.map((one) => ({ ...one, x: keyIn(one, axes.x, chosen), y: keyIn(one, axes.y, chosen) }));
  const shown = placed.filter(({ x, y }) => x !== null && y !== null);
  chart.show(shown, axes);
  part("fronts-empty").hidden = chart.shown.length > 0;
  const missing = loaded.filter((one) => !chart.shown.some(({ points }) => points === one.points)).map(({ name }) => name);
  part("left-out").textContent = missing.length ? `Without these metrics there: ${missing.join(", ")}.` : "";
  behind.fill();
}

function table() {
  if (!chart.axes) return null; // opened before the candidates are here
  const { x, y } = chart.axes;
  const rows = chart.shown.flatMap((of) => {
    const chosen = of.marks ? of.marks.map(({ row }) => row).filter((row) => of.rows.includes(row)) : of.front.map(({ row }) => row);
    return chosen.map((row) => [of.name, candidateLink(of.points.ids[row], of.points.numbers[row]), number(of.x, of.points.value(of.x, row)), number(of.y, of.points.value(of.y, row))]);
  });
  const caption = comparesCandidates ? "The candidates compared." : "Of each search the front of these two axes.";
  return { caption, columns: [["Search", false], ["Candidate", false], [metricTitle(x, []), true], [metricTitle(y, []), true]], rows };
}

async function start() {
  const columns = await Promise.all(searches.map(({ id }) => get(`/v1/searches/${id}/points`)));
  const loaded = searches.map((search, i) => {
    const points = new Points(columns[i], search);
    // Compressed candidates are none that the search has proposed: their numbers come with the page.
    for (const mark of marks) if (mark.search === search.id && !points.rowOf.has(mark.id)) points.add(mark);
    const of = marks.map((mark, place) => ({ ...mark, color: place })).filter((mark) => mark.search === search.id);
    const named = of.map((mark) => ({ row: points.rowOf.get(mark.id), color: mark.color }));
    return { name: search.name, points, color: comparesCandidates ? null : i, marks: comparesCandidates ? named : null };
  });
  fill(loaded);
  show(loaded);
  for (const name of ["x", "y", "target"])
    part(name).addEventListener("change", () => { show(loaded); writeAddress(); });
}

part("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(location.href);
  announce("Copied");
  part("copy").textContent = "Copied";
});

start().catch((error) => {
  part("left-out").textContent = `The candidates could not be loaded: ${error.message}`;
});
