// Controls for a JSON Schema: one function a kind of value. What they say goes into a SpecDocument.

import { element } from "./element.js";

const REQUIRED = new Set(["dataset.name"]);

/**
 * Makes the controls of `schema`. `form` has: spec (SpecDocument), changed(), redraw(), and by dotted path `special`
 * controls and `rare` properties, which are folded away until something is said of them.
 */
export class SchemaForm {
  constructor(schema, form) {
    this.root = schema;
    this.form = form;
  }

  /** Follows references, and through `X | null` to X. */
  resolve(schema) {
    const said = { description: schema.description, default: schema.default };
    let found = schema;
    if (found.anyOf) found = found.anyOf.find((option) => option.type !== "null");
    if (found.$ref) found = this.root.$defs[found.$ref.split("/").at(-1)];
    const description = said.description ?? (found === schema ? found.description : undefined);
    return { ...found, description, default: said.default, isNullable: Boolean(schema.anyOf) };
  }

  /** The controls of an object's properties. */
  fields(schema, path) {
    const { properties } = this.resolve(schema);
    const rare = (this.form.rare[dotted(path)] ?? []).filter((name) => name in properties);
    const common = Object.keys(properties).filter((name) => !rare.includes(name));
    const made = (names) => names.map((name) => this.field(properties[name], [...path, name]));
    const fold = () => this.fold("More", [...path, "more"], made(rare), rare.some((name) => this.form.spec.says([...path, name])));
    return element("div", { class: "fields" }, ...made(common), rare.length ? fold() : null);
  }

  /** Fields that are seen when they are asked for, or were used. */
  fold(label, path, fields, open) {
    return element("details", { class: "fold wide", "data-fold": path.join("."), open }, element("summary", {}, label), element("div", { class: "fields" }, ...fields));
  }

  /** One labelled control, or null where there is nothing to decide. */
  field(schema, path) {
    const found = this.resolve(schema);
    const special = this.form.special[dotted(path)];
    if (special) return special(found, path);
    if ("const" in found) return null;
    if (found.properties) return this.object(found, path);
    if (found.type === "array" && found.items.enum) return this.checks(found, path, found.items.enum);
    if (found.type === "array" && found.items.$ref) return this.items(found, path);
    if (found.type === "array") return this.labelled(found, path, this.list(found, path));
    if (found.type === "boolean") return this.checkbox(found, path);
    return this.labelled(found, path, found.enum ? this.select(found, path) : this.input(found, path));
  }

  /** An object within an object. */
  object(schema, path) {
    const fields = Object.entries(schema.properties).map(([name, property]) => this.field(property, [...path, name]));
    const made = this.fold(title(path), path, fields, this.form.spec.says(path));
    if (schema.description) made.querySelector("summary").after(element("p", { class: "help" }, plain(schema.description)));
    made.dataset.path = path.join(".");
    return made;
  }

  labelled(schema, path, control, isWide = false) {
    const id = `field-${path.join("-")}`;
    control.id = id;
    const help = schema.description ? element("p", { class: "help", id: `${id}-help` }, plain(schema.description)) : null;
    if (help) control.setAttribute("aria-describedby", help.id);
    const label = element("label", { for: id }, title(path));
    return element("div", { class: isWide ? "field wide" : "field", "data-path": path.join(".") }, label, control, help);
  }

  set(path, value) {
    this.form.spec.set(path, value);
    this.form.changed();
  }

  input(schema, path) {
    const isNumber = schema.type === "number" || schema.type === "integer";
    const value = this.form.spec.value(path);
    // Where nothing is a value of its own, apart from the default, an empty field says it.
    const nothing = schema.isNullable && schema.default != null ? null : undefined;
    const read = (text) => (text === "" ? nothing : isNumber ? Number(text) : text);
    const placeholder = nothing === null ? "none" : schema.isNullable ? "by default" : schema.default;
    return element("input", {
      type: isNumber ? "number" : "text",
      step: schema.type === "integer" ? 1 : "any",
      min: schema.minimum ?? schema.exclusiveMinimum,
      max: schema.maximum ?? schema.exclusiveMaximum,
      value: value ?? "",
      placeholder,
      list: this.form.lists?.[dotted(path)],
      required: REQUIRED.has(path.join(".")),
      spellcheck: "false",
      autocomplete: "off",
      oninput: (event) => this.set(path, read(event.target.value)),
    });
  }

  /** Several numbers or words, with commas between them. */
  list(schema, path) {
    const isNumber = schema.items.type === "number" || schema.items.type === "integer";
    const read = (text) => text.split(",").map((part) => part.trim()).filter(Boolean).map((part) => (isNumber ? Number(part) : part));
    const oninput = (event) => this.set(path, event.target.value.trim() ? read(event.target.value) : undefined);
    const value = (this.form.spec.value(path) ?? []).join(", ");
    return element("input", { type: "text", value, placeholder: isNumber ? "1, 2, …" : "one, another, …", spellcheck: "false", autocomplete: "off", oninput });
  }

  select(schema, path) {
    const value = this.form.spec.value(path);
    const options = schema.enum.map((option) => element("option", { value: option, selected: option === value }, String(option)));
    if (schema.isNullable) options.unshift(element("option", { value: "", selected: value == null }, "by default"));
    const onchange = (event) => this.set(path, schema.enum.find((option) => String(option) === event.target.value));
    return element("select", { onchange }, ...options);
  }

  checkbox(schema, path) {
    const id = `field-${path.join("-")}`;
    const onchange = (event) => this.set(path, event.target.checked);
    const box = element("input", { type: "checkbox", id, checked: this.form.spec.value(path), onchange });
    const help = schema.description ? element("p", { class: "help" }, plain(schema.description)) : null;
    const label = element("label", { for: id, class: "check" }, box, title(path));
    return element("div", { class: "field", "data-path": path.join(".") }, label, help);
  }

  /** Any of a few words. */
  checks(schema, path, words) {
    const chosen = () => this.form.spec.value(path) ?? [];
    const toggle = (word) => (event) => {
      const others = chosen().filter((other) => other !== word);
      this.set(path, event.target.checked ? [...others, word] : others);
    };
    const boxes = words.map((word) => {
      const box = element("input", { type: "checkbox", checked: chosen().includes(word), onchange: toggle(word) });
      return element("label", { class: "check" }, box, word);
    });
    const legend = element("legend", {}, title(path));
    const help = schema.description ? element("p", { class: "help" }, plain(schema.description)) : null;
    const body = element("div", { class: "checks" }, ...boxes);
    return element("fieldset", { class: "field wide checks", "data-path": path.join(".") }, legend, body, help);
  }

  /** A list of objects, to which may be added. */
  items(schema, path) {
    const inner = this.resolve(schema.items);
    const list = this.form.spec.value(path) ?? [];
    const name = title(path).toLowerCase().replace(/s$/, "");
    const change = (items) => {
      this.set(path, items);
      this.form.redraw();
    };
    const rows = list.map((_, index) => {
      const remove = () => change(list.filter((_, other) => other !== index));
      const label = `Remove ${name} ${index + 1}`;
      const button = element("button", { type: "button", class: "button quiet", "aria-label": label, onclick: remove }, "Remove");
      const row = { class: "item", role: "group", "aria-label": `${name} ${index + 1}`, "data-path": [...path, index].join(".") };
      return element("div", row, this.fields(inner, [...path, index]), list.length > (schema.minItems ?? 0) ? button : null);
    });
    const first = Object.entries(inner.properties).filter(([key]) => inner.required?.includes(key));
    const fresh = Object.fromEntries(first.map(([key, property]) => [key, this.resolve(property).enum?.[0]]));
    const add = () => change([...(this.form.spec.value(path) ?? []), this.form.fresh[path.join(".")] ?? fresh]);
    const button = element("button", { type: "button", class: "button", onclick: add }, `Add ${/^[aeiou]/.test(name) ? "an" : "a"} ${name}`);
    return element("div", { class: "items wide", "data-path": path.join(".") }, ...rows, button);
  }
}

/** A path without the indices of lists. */
const dotted = (path) => path.filter((key) => typeof key === "string").join(".");

/** `learning_rate` -> `Learning rate`; units stay as they are written. */
export function title(path) {
  const words = String(path.at(-1)).replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function plain(text) {
  return text.replaceAll("`", "");
}
