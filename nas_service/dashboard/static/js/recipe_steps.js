// The steps of a recipe: which of them are named, and what is said of those that have options.

import { element } from "./element.js";
import { SchemaForm, title } from "./schema_form.js";

const GROUPS = [["training", "How it is trained"], ["compression", "How it is compressed"]];
const kindOf = (step) => (step.kind === "training" ? "training" : "compression");
const wordOf = (entry) => (typeof entry === "string" ? entry : Object.keys(entry)[0]);
const isStep = (name) => (entry) => wordOf(entry) === name;

/** A control for the recipe at `path`, of the steps that may stand there. */
export function recipeSteps(schemaForm, steps, path) {
  const { form } = schemaForm;
  const entries = () => form.spec.value(path) ?? [];
  const say = (recipe) => {
    schemaForm.set(path, recipe);
    form.redraw();
  };
  const toggle = (step) => (event) => say(event.target.checked ? withStep(entries(), step, steps) : entries().filter((entry) => wordOf(entry) !== step.name));
  const box = (step) => {
    const input = element("input", { type: "checkbox", id: `step-${path[0]}-${step.name}`, checked: entries().some(isStep(step.name)), onchange: toggle(step) });
    return element("label", { class: "check", title: step.summary }, input, step.name);
  };
  const group = ([kind, label]) => {
    const boxes = steps.filter((step) => kindOf(step) === kind).map(box);
    return boxes.length ? element("div", { class: "checks", role: "group", "aria-label": label }, element("span", { class: "help" }, label), ...boxes) : null;
  };
  const tuned = entries().map((entry, index) => options(schemaForm, steps.find(isNamed(entry)), path, index));
  const legend = element("legend", {}, title(path));
  return element("fieldset", { class: "field wide steps", "data-path": path.join(".") }, legend, ...GROUPS.map(group), ...tuned);
}

const isNamed = (entry) => (step) => step.name === wordOf(entry);

/** A step goes before those that come after it, else to the end. */
function withStep(entries, step, steps) {
  const follows = (entry) => {
    const other = steps.find(isNamed(entry))?.compression;
    return step.compression && other && (other.is_last || other.after.includes(step.name));
  };
  const at = entries.findIndex(follows);
  return at < 0 ? [...entries, step.name] : entries.toSpliced(at, 0, step.name);
}

function options(schemaForm, step, path, index) {
  const schema = step?.compression?.options;
  if (!schema || Object.keys(schema.properties ?? {}).length === 0) return null;
  const place = [...path, index];
  const spec = new StepOptions(schemaForm.form.spec, path, step.name, schema);
  const inner = new SchemaForm(schema, { ...schemaForm.form, spec, special: {}, rare: {} });
  const attributes = { class: "fold", "data-path": place.join("."), "data-fold": `${path.join(".")}.${step.name}`, open: spec.saysAnything };
  return element("details", attributes, element("summary", {}, `Options of ${step.name}`), element("p", { class: "help" }, step.summary), inner.fields(schema, [...place, step.name]));
}

/** What a recipe says of one of its steps, with the face of a SpecDocument. An entry without options is its name. */
class StepOptions {
  constructor(spec, path, name, schema) {
    Object.assign(this, { spec, path, name, schema });
  }

  get said() {
    const entry = (this.spec.value(this.path) ?? []).find(isStep(this.name));
    return typeof entry === "string" ? {} : entry[this.name];
  }

  get saysAnything() {
    return Object.keys(this.said).length > 0;
  }

  value(path) {
    const option = path.at(-1);
    return option in this.said ? this.said[option] : this.schema.properties[option].default;
  }

  says(path) {
    return path.at(-1) in this.said;
  }

  set(path, value) {
    const option = path.at(-1);
    const { [option]: _, ...others } = this.said;
    const isDefault = value === undefined || value === this.schema.properties[option].default;
    const said = isDefault ? others : { ...others, [option]: value };
    const entry = Object.keys(said).length ? { [this.name]: said } : this.name;
    this.spec.set(this.path, this.spec.value(this.path).map((other) => (isStep(this.name)(other) ? entry : other)));
  }
}
