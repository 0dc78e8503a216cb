// The page of a new search: form or editor, checked by the server while it is written.

import { forecastLines } from "./forecast.js";
import { element } from "./element.js";
import { recipeSteps } from "./recipe_steps.js";
import { SchemaForm, title } from "./schema_form.js";
import { announce } from "./shell.js";
import { spaceChoices } from "./space_choices.js";
import { SpecDocument } from "./spec_document.js";

const CHECK_AFTER_MS = 300;
const OPEN = new Set(["dataset", "space", "objectives", "constraints", "budget"]);
const RARE = {
  dataset: ["validation_fraction", "test_fraction", "split_seed", "image_size"],
  objectives: ["goal", "target", "across", "weights", "relative_to"],
  constraints: ["target"],
  budget: ["settled", "predictor_mape", "parallelism"],
  strategy: ["eta", "min_epochs", "proxies", "warm_start", "population_size", "supernet"],
  training: ["momentum", "weight_decay", "warmup_fraction", "warmup_epochs", "learning_rate_decay", "cooldown_fraction",
    "ema_decay", "swa_fraction", "sam_rho", "sam_adaptive", "sam_period", "gradient_clip", "precision", "compile",
    "begin_size", "freeze_layers", "freeze_from", "patience", "target_accuracy", "distill"],
  finalize: ["auto_minutes", "remeasure", "timings", "begin", "keep"],
};
const YAML = "application/yaml";
const JSON_TYPE = "application/json";

const page = document.getElementById("spec");
const byId = (id) => document.getElementById(id);
const defaults = JSON.parse(page.dataset.defaults);
const form = { spec: new SpecDocument(JSON.parse(page.dataset.start), defaults), changed, redraw, special: {}, fresh: {}, rare: RARE };
const idempotencyKey = crypto.randomUUID?.() ?? String(Math.random());
let schemaForm = null;
let view = "form";
let language = "yaml";
let shown = { yaml: "", curl: "", python: "" };
let timer = 0;
let asked = 0;

async function start() {
  const [schema, spaces, recipes] = await Promise.all(
    ["/v1/spec-schema", "/v1/spaces", "/v1/recipes"].map(async (path) => (await fetch(path)).json()),
  );
  schemaForm = new SchemaForm(schema, form);
  const presetsOf = (name) => spaces.items.find((space) => space.name === name)?.presets ?? [];
  const names = spaces.items.filter((space) => !space.failure).map((space) => space.name);
  const steps = (place) => recipes.items.filter((step) => step.places.includes(place));
  const recipe = (place) => (_, path) => recipeSteps(schemaForm, steps(place), path);
  form.special = {
    "space.name": (found, path) => schemaForm.labelled(found, path, spaceSelect(path, names)),
    "space.preset": (found, path) => {
      const options = ["auto", ...presetsOf(form.spec.value(["space", "name"]))];
      return schemaForm.labelled(found, path, schemaForm.select({ ...found, enum: options }, path));
    },
    "space.choices": () => spaceChoices(form.spec, changed),
    "objectives.metric": metricSelect,
    "constraints.metric": metricSelect,
    "training.recipe": recipe("training"),
    "finalize.recipe": recipe("finalize"),
  };
  form.fresh = { constraints: { metric: "size_bytes", max: 500000 } };
  redraw();
  changed();
}

function spaceSelect(path, names) {
  const select = schemaForm.select({ enum: names }, path);
  select.addEventListener("change", () => {
    form.spec.set(["space", "preset"], undefined);
    form.spec.set(["space", "choices"], undefined);
    redraw();
  });
  return select;
}

/** What was said of another metric, such as its target, does not hold for the new one. */
function metricSelect(found, path) {
  const select = schemaForm.select(found, path);
  select.addEventListener("change", () => {
    const { min, max } = form.spec.value(path.slice(0, -1));
    form.spec.set(path.slice(0, -1), JSON.parse(JSON.stringify({ metric: select.value, min, max })));
    redraw();
  });
  return schemaForm.labelled(found, path, select);
}

function redraw() {
  if (!schemaForm) return; // a preset was chosen before the schema came: `start` draws it
  const { properties } = schemaForm.root;
  const folds = () => page.querySelectorAll("details[data-fold]");
  const wasOpen = new Map([...folds()].map((fold) => [fold.dataset.fold, fold.open]));
  const sections = Object.entries(properties).map(([name, property]) => section(name, property));
  const loose = sections.filter((made) => made.tagName !== "DETAILS");
  const general = element("div", { class: "card" }, element("div", { class: "fields" }, ...loose));
  byId("fields").replaceChildren(general, ...sections.filter((made) => made.tagName === "DETAILS"));
  for (const fold of folds()) fold.open = wasOpen.get(fold.dataset.fold) ?? fold.open;
  byId("fields").removeAttribute("aria-busy");
}

function section(name, property) {
  const found = schemaForm.resolve(property);
  if (!found.properties && found.type !== "array") return schemaForm.field(property, [name]);
  const body = found.properties ? schemaForm.fields(property, [name]) : schemaForm.items(found, [name]);
  return element("details", { class: "card section", "data-fold": name, open: OPEN.has(name) }, element("summary", {}, title([name])), body);
}

function changed() {
  clearTimeout(timer);
  timer = setTimeout(check, CHECK_AFTER_MS);
}

function body() {
  return view === "yaml" ? [YAML, byId("yaml").value] : [JSON_TYPE, JSON.stringify(form.spec.said)];
}

async function check() {
  const mine = ++asked;
  const [type, text] = body();
  const answer = await fetch("/searches/preview", { method: "POST", headers: { "Content-Type": type }, body: text });
  const found = await answer.json();
  if (mine !== asked) return false;
  showProblems(answer.ok ? [] : (found.errors ?? [{ field: "", message: found.detail }]));
  if (answer.ok) {
    shown = found;
    if (view === "yaml") form.spec = new SpecDocument(found.document, defaults);
  }
  showSizes(answer.ok ? found.sizes : []);
  byId("forecast").replaceChildren(...(answer.ok ? forecastLines(found.forecast) : []));
  showCode();
  return answer.ok;
}

function showProblems(problems) {
  for (const old of page.querySelectorAll(".field-error")) old.remove();
  for (const old of page.querySelectorAll("[aria-invalid]")) {
    old.removeAttribute("aria-invalid");
    old.removeAttribute("aria-errormessage");
  }
  for (const [index, problem] of problems.entries()) markField(problem, `error-${index}`);
  const list = problems.map((problem) => {
    const link = problem.field ? element("a", { href: "#", onclick: (event) => jump(event, problem.field) }, problem.field) : null;
    return element("li", {}, link, link ? " " : null, problem.message);
  });
  byId("problems").replaceChildren(...list);
  byId("problems").hidden = problems.length === 0;
  const verdict = byId("verdict");
  verdict.className = problems.length ? "badge bad" : "badge good";
  verdict.textContent = problems.length ? `${problems.length} to mend` : "valid";
}

/** The field at a dotted path, or the nearest one around it. */
function place(path) {
  const parts = path.split(".");
  for (let length = parts.length; length > 0; length--) {
    const name = parts.slice(0, length).join(".");
    const found = byId("fields").querySelector(`[data-path="${CSS.escape(name)}"]`);
    if (found) return found;
  }
  return null;
}

function markField(problem, id) {
  const found = problem.field ? place(problem.field) : null;
  if (!found) return;
  reveal(found);
  found.append(element("p", { class: "field-error", id }, problem.message));
  const control = found.querySelector("input, select");
  control?.setAttribute("aria-invalid", "true");
  control?.setAttribute("aria-errormessage", id);
}

function jump(event, field) {
  event.preventDefault();
  const found = view === "form" ? place(field) : byId("yaml");
  reveal(found);
  (found?.matches("textarea") ? found : found?.querySelector("input, select, button"))?.focus();
}

/** Unfold what a field stands in. */
function reveal(field) {
  for (let fold = field?.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
}

function showSizes(sizes) {
  const several = sizes.length > 1;
  const facts = sizes.flatMap(({ preset, size }) => [
    element("dt", {}, several ? `Space if ${preset}` : "Space"),
    element("dd", { class: "tabular", title: size }, `${rounded(size)} networks`),
  ]);
  byId("sizes").replaceChildren(...facts);
}

/** `55712345678901` -> `5.57 × 10¹³`; small numbers as they are. */
function rounded(size) {
  if (size.length <= 6) return Number(size).toLocaleString("en");
  const exponent = String(size.length - 1).replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]);
  return `${(Number(size.slice(0, 4)) / 1000).toFixed(2)} × 10${exponent}`;
}

function showCode() {
  byId("code").textContent = shown[language] || "Mend the spec to see it here.";
}

function press(buttons, pressed) {
  for (const button of buttons) button.setAttribute("aria-pressed", String(button === pressed));
}

function showView(wanted) {
  if (wanted === view) return;
  if (wanted === "yaml") byId("yaml").value = shown.yaml || JSON.stringify(form.spec.said, null, 2);
  view = wanted;
  byId("editor").hidden = view !== "yaml";
  byId("fields").hidden = view === "yaml";
  if (view === "form") redraw();
  changed();
}

async function submit(event) {
  event.preventDefault();
  const [type, text] = body();
  const headers = { "Content-Type": type, "Idempotency-Key": `${idempotencyKey}-${await digest(text)}` };
  const answer = await fetch("/v1/searches", { method: "POST", headers, body: text });
  const found = await answer.json();
  if (answer.ok) {
    location.assign(`/searches/${found.id}`);
    return;
  }
  const errors = found.errors ?? [];
  showProblems(errors);
  byId("refusal").hidden = errors.length > 0;
  byId("refusal").textContent = found.detail;
  page.querySelector("[aria-invalid]")?.focus();
  announce(found.detail);
}

/** Of a text: a double click gives one search, and another spec another. */
async function digest(text) {
  if (!crypto.subtle) return String(text.length);
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(bytes)].slice(0, 8).map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

page.addEventListener("submit", submit);
page.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.document) {
    form.spec = new SpecDocument(JSON.parse(button.dataset.document), defaults);
    press(page.querySelectorAll(".preset"), button);
    if (view === "yaml") byId("yaml").value = JSON.stringify(form.spec.said, null, 2);
    redraw();
    changed();
  }
  if (button?.dataset.language) {
    language = button.dataset.language;
    press(page.querySelectorAll("[data-language]"), button);
    showCode();
  }
});
for (const button of document.querySelectorAll("[data-view]")) {
  button.addEventListener("click", () => {
    press(document.querySelectorAll("[data-view]"), button);
    showView(button.dataset.view);
  });
}
byId("yaml").addEventListener("input", changed);
byId("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(byId("code").textContent);
  announce("Copied");
});

await start();
