// Which options of a search space are allowed: everything is, until some are unticked.

import { element } from "./element.js";

/** A control for `space.choices`, filled once the space is known. */
export function spaceChoices(spec, changed) {
  const body = element("div", { class: "choices", tabindex: "0", role: "group", "aria-label": "Options allowed" });
  const summary = element("summary", {}, "Restrict what may vary");
  const made = element("details", { class: "field wide", "data-path": "space.choices" }, summary, body);
  made.addEventListener("toggle", () => made.open && fill(body, spec, changed));
  return made;
}

async function fill(body, spec, changed) {
  const { name, preset } = spec.value(["space"]);
  const answer = await fetch(`/v1/spaces/${encodeURIComponent(name)}?preset=${encodeURIComponent(preset)}`);
  if (!answer.ok) {
    body.replaceChildren(element("p", { class: "muted" }, "Choose a space that exists first."));
    return;
  }
  const { choices } = await answer.json();
  body.replaceChildren(...choices.map((choice) => options(choice, spec, changed)));
}

function options(choice, spec, changed) {
  const path = ["space", "choices", choice.name];
  const allowed = () => spec.value(path) ?? choice.options;
  const toggle = (option) => (event) => {
    const now = choice.options.filter((other) => (other === option ? event.target.checked : allowed().includes(other)));
    spec.set(path, now.length === choice.options.length ? undefined : now);
    changed();
  };
  const boxes = choice.options.map((option) => {
    const box = element("input", { type: "checkbox", checked: allowed().includes(option), onchange: toggle(option) });
    return element("label", { class: "check" }, box, String(option));
  });
  const legend = element("legend", { title: choice.doc }, choice.name);
  const where = { "data-path": path.join(".") };
  return element("fieldset", where, legend, element("div", { class: "checks" }, ...boxes));
}
