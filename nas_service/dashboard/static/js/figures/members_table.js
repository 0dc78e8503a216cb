// The members of the front as a table: the page's main answer for those who do not read plots.

import { candidateLink, element, table } from "./dom.js";
import { metricTitle, number } from "./format.js";

export function membersTable(points, members, picked) {
  const { targets } = points.search.spec;
  const keys = points.keys().filter((key) => !key.startsWith("predicted_"));
  const columns = [["Candidate", false], ["Made by", false], ...keys.map((key) => [metricTitle(key, targets), true]), ["Download", false]];
  const rows = members.map(({ candidate }) => {
    const row = points.rowOf.get(candidate.id);
    return [
      picked.cell(candidate.id, candidate.number),
      madeBy(points, candidate),
      ...keys.map((key) => number(key, points.value(key, row))),
      element("a", { href: `/candidates/${candidate.id}#files` }, "Files"),
    ];
  });
  return table("The front: no other candidate is better in one objective and no worse in the others.", columns, rows);
}

const wordOf = (entry) => (typeof entry === "string" ? entry : Object.keys(entry)[0]);

function madeBy(points, { parent_id: parent, recipe, precision }) {
  if (parent === null) return precision === null ? "training" : `training, executed in ${precision}`;
  const number = points.numbers[points.rowOf.get(parent)];
  return element("span", {}, `${recipe.map(wordOf).join(", ")} of `, candidateLink(parent, number ?? "…"));
}
