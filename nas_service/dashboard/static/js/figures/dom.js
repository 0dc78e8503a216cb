// Elements without a framework. Text is always text: nothing that a server or user wrote becomes markup.

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function options(select, entries, chosen) {
  select.replaceChildren(
    ...entries.map(([value, text]) => element("option", { value, selected: value === chosen }, text)),
  );
}

// A figure in words: columns are [heading, is a number], rows are cells, a cell may be an element.
export function table(caption, columns, rows) {
  const css = (column) => (columns[column][1] ? "number" : undefined);
  const head = columns.map(([heading], i) => element("th", { scope: "col", class: css(i) }, heading));
  const line = (cells) => element("tr", {}, ...cells.map((cell, i) => element("td", { class: css(i) }, cell ?? "–")));
  return element(
    "table",
    {},
    element("caption", {}, caption),
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...rows.map(line)),
  );
}

const MOST_ROWS = 500;

// The table behind a figure's toggle; made when it is opened, and again when the figure changes.
export class TableBehind {
  constructor(details, make) {
    this.details = details;
    this.make = make;
    details.addEventListener("toggle", () => this.fill());
  }

  fill() {
    const made = this.details.open && this.make();
    if (made) this.show(made);
  }

  show({ caption, columns, rows }) {
    const more = rows.length > MOST_ROWS ? ` The first ${MOST_ROWS} of ${rows.length} rows.` : "";
    this.details.querySelector("div").replaceChildren(table(caption + more, columns, rows.slice(0, MOST_ROWS)));
  }
}

export const candidateLink = (id, number) => element("a", { href: `/candidates/${id}` }, `#${number}`);
