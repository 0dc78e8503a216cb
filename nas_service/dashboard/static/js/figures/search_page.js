// The page of one search: loads its figures, keeps them current, and joins them with each other.

import { announce } from "../shell.js";
import { get } from "./api.js";
import { CurvesChart } from "./curves_chart.js";
import { TableBehind, candidateLink, element, options } from "./dom.js";
import { EventLog } from "./event_log.js";
import { Evidence } from "./evidence.js";
import { Feed } from "./feed.js";
import { metricName, metricTitle, metricOf, number, option as optionText, targetName, targetOf, words } from "./format.js";
import { FrontChart } from "./front_chart.js";
import { GrowthChart } from "./growth_chart.js";
import { Header, isOver } from "./header.js";
import { ImportanceChart } from "./importance_chart.js";
import { Inspector } from "./inspector.js";
import { membersTable } from "./members_table.js";
import { palette, optionColors } from "./palette.js";
import { ParallelChart } from "./parallel_chart.js";
import { Picked } from "./picked.js";
import { Points } from "./points.js";
import { TimelineChart } from "./timeline_chart.js";

const REFRESH_MS = 1500; // figures of a live search are asked for no oftener
const PARALLEL_CHOICES = 8;

const root = document.getElementById("search");
const id = root.dataset.search;
const url = `/v1/searches/${id}`;
const initial = JSON.parse(document.getElementById("initial").textContent);
const part = (name) => root.querySelector(`[data-part="${name}"]`);

const state = { search: initial.search, turns: initial.turns, points: null, members: [], selected: null };
const view = { x: null, y: null, color: "" };

const open = (candidateId) => location.assign(`/candidates/${candidateId}`);
const header = new Header(root, { changed: (search) => { state.search = search; header.show(search, state.turns); announce(`Search ${search.status.toLowerCase()}`); }, failed: say });
const inspector = new Inspector(part("inspector"));
const front = new FrontChart(part("front-chart"), {
  hover: (row) => inspector.show(state.points, row),
  open: (row) => open(state.points.ids[row]),
  select: (rows) => { state.selected = rows; showSelection(); },
});
const growth = new GrowthChart(part("growth-chart"));
const curves = new CurvesChart(part("curves-chart"));
const importance = new ImportanceChart(part("importance-chart"));
const parallel = new ParallelChart(part("parallel-chart"));
const timeline = new TimelineChart(part("timeline-chart"), open);
const evidence = new Evidence(part, open);
const picked = new Picked(part("compare"));
const log = new EventLog(part("events"), part("turns-only"));
const tables = [
  new TableBehind(part("front-table"), frontTable),
  new TableBehind(part("growth-table"), () => growth.table()),
  new TableBehind(part("curves-table"), () => curves.table()),
  new TableBehind(part("importance-table"), () => importance.table()),
  new TableBehind(part("parallel-table"), parallelTable),
  new TableBehind(part("timeline-table"), () => timeline.table()),
];

function say(problem) {
  part("problem").hidden = !problem;
  part("problem").textContent = problem ?? "";
}

function frontTable() {
  const { points } = state;
  const { targets } = state.search.spec;
  const onFront = new Set(front.front.map(({ row }) => row));
  const rows = front.rows.toSorted((a, b) => onFront.has(b) - onFront.has(a) || front.x(a) - front.x(b));
  return {
    caption: "All candidates with both metrics, those of the front first.",
    columns: [["Candidate", false], [metricTitle(view.x, targets), true], [metricTitle(view.y, targets), true], ["On the front", false], ["Status", false]],
    rows: rows.map((row) => [picked.cell(points.ids[row], points.numbers[row]), number(view.x, front.x(row)), number(view.y, front.y(row)), onFront.has(row) ? "yes" : "no", points.statuses[row].toLowerCase()]),
  };
}

function parallelTable() {
  const { points } = state;
  const columns = [["Candidate", false], ...parallel.choices.map((name) => [words(name), false]), ...parallel.keys.map((key) => [metricTitle(key, state.search.spec.targets), true])];
  return { caption: "Choices and objectives.", columns, rows: parallel.rows.toReversed().map((row) => [candidateLink(points.ids[row], points.numbers[row]), ...parallel.choices.map((name) => optionText(points.choice(name, row))), ...parallel.keys.map((key) => number(key, points.value(key, row)))]) };
}

function fillControls() {
  const { points } = state;
  const { targets } = state.search.spec;
  const keys = points.keys();
  if (!keys.includes(view.y)) view.y = keys.includes("accuracy") ? "accuracy" : keys[0];
  if (!keys.includes(view.x)) view.x = keys.find((key) => metricOf(key) === "latency_ms") ?? keys.find((key) => key !== view.y) ?? keys[0];
  const axes = [...new Set(keys.map((key) => metricOf(key)))].map((metric) => [metric, metricName(metric)]);
  options(part("x"), axes, metricOf(view.x));
  options(part("y"), axes, metricOf(view.y));
  const target = targetOf(view.x) ?? targetOf(view.y) ?? 0;
  options(part("target"), targets.map((t, i) => [String(i), targetName(t)]), String(target));
  part("target-field").hidden = targets.length < 2;
  options(part("color"), [["", "nothing"], ...points.varying().map((name) => [name, words(name)])], view.color);
}

function readControls() {
  const target = Number(part("target").value || 0);
  const key = (metric) => [`${metric}@${target}`, metric].find((name) => name in state.points.metrics) ?? metric;
  view.x = key(part("x").value);
  view.y = key(part("y").value);
  view.color = part("color").value;
  showFront();
}

function showLegend() {
  const list = part("legend");
  const { points } = state;
  if (!view.color) return list.replaceChildren();
  const column = points.choices[view.color];
  const colors = palette();
  const shades = optionColors(column.options, colors);
  list.replaceChildren(...column.options.map((value, i) => {
    const dot = element("span", { class: "dot" });
    dot.style.background = shades[i];
    return element("li", {}, dot, optionText(value));
  }));
}

function showFront() {
  front.show(state.points, view, state.members);
  showLegend();
  tables[0].fill();
  part("front-empty").hidden = front.rows.length > 0;
}

function showSelection() {
  const rows = state.selected;
  const note = part("selection");
  note.textContent = rows === null ? "" : `${rows.length} selected`;
  parallel.show(state.points, parallel.choices ?? [], rows ?? state.members);
  tables[4].fill();
}

async function loadFigures() {
  const [columns, found, grown, learned, effects, done, proxies] = await Promise.all(["points?final=true", "front", "growth", "curves", "importance", "timeline", "proxies"].map((name) => get(`${url}/${name}`)));
  const points = new Points(columns, state.search);
  state.points = points;
  state.members = found.members.map(({ candidate }) => points.rowOf.get(candidate.id)).filter((row) => row !== undefined);
  const any = points.count > 0;
  part("figures").hidden = !any;
  part("nothing").hidden = any;
  if (!any) return;
  fillControls();
  showFront();
  if (inspector.row === undefined && state.members.length) inspector.show(points, state.members[0]);
  growth.show(grown);
  curves.show(learned.items, found.members.map(({ candidate }) => candidate.id));
  showImportance(effects);
  evidence.show(points, proxies.items);
  const ranked = Object.values(effects.objectives).flat().toSorted((a, b) => b.share - a.share).map((effect) => effect.choice);
  parallel.choices = [...new Set([...ranked, ...points.varying()])].slice(0, matchMedia("(max-width: 40rem)").matches ? 2 : PARALLEL_CHOICES);
  showSelection();
  if (done.items.length) timeline.show(done.items, (of) => points.numbers[points.rowOf.get(of)] ?? "?");
  part("members").replaceChildren(membersTable(points, found.members, picked));
  part("final-note").hidden = !points.isFinal;
  part("growth-note").hidden = !points.isFinal;
  part("growth-note").textContent = `final front ${(100 * found.hypervolume_ratio).toFixed(1)} %`;
  part("members-empty").hidden = state.members.length > 0;
  for (const table of tables) table.fill();
  for (const [name, rows] of [["growth", grown.steps], ["curves", curves.items], ["importance", importance.effects], ["timeline", done.items]])
    part(`${name}-empty`).hidden = rows.length > 0;
}

function showImportance(effects) {
  const select = part("objective");
  const keys = Object.keys(effects.objectives);
  options(select, keys.map((key) => [key, metricName(key, state.search.spec.targets)]), keys.includes(select.value) ? select.value : keys[0]);
  state.effects = effects;
  importance.show(effects, select.value, state.search);
}

let refreshing = null;
let stale = false;

// At most one refresh at a time, and one more after it where something happened meanwhile.
async function refresh() {
  stale = true;
  refreshing ??= (async () => {
    while (stale) {
      stale = false;
      try {
        state.search = await get(url);
        header.show(state.search, state.turns);
        await loadFigures();
        say(null);
      } catch (error) {
        say(`This page could not be brought up to date: ${error.message}`);
      }
      await new Promise((resolve) => setTimeout(resolve, REFRESH_MS));
    }
    refreshing = null;
  })();
}

for (const name of ["x", "y", "target", "color"]) part(name).addEventListener("change", readControls);
part("objective").addEventListener("change", () => { showImportance(state.effects); tables[3].fill(); });
for (const button of root.querySelectorAll("[data-against]"))
  button.addEventListener("click", () => { press(button); growth.turn(button.dataset.against); });
for (const button of root.querySelectorAll("[data-mode]"))
  button.addEventListener("click", () => { press(button); front.mode(button.dataset.mode); });
part("reset").addEventListener("click", () => { front.reset(); state.selected = null; showSelection(); press(root.querySelector('[data-mode="pan"]')); front.mode("pan"); });
document.addEventListener("themechange", () => state.points && showLegend());

function press(button) {
  for (const other of button.parentElement.children) other.setAttribute("aria-pressed", String(other === button));
}

header.show(state.search, state.turns);
log.add(initial.events);
refresh();

const feed = new Feed(`${url}/events`, initial.events.at(-1)?.id ?? 0, {
  event: (event) => {
    log.add([event]);
    if (event.kind.startsWith("search.")) state.turns.push(event);
    refresh();
  },
  poll: async () => {
    await refresh();
    return isOver(state.search);
  },
  state: (word) => {
    part("live").textContent = { live: "live", polling: "asking every few seconds", over: "" }[word];
    part("live").dataset.state = word;
  },
});
if (!isOver(state.search)) feed.follow();
setInterval(() => isOver(state.search) || header.show(state.search, state.turns), 5000);
