// The members of the front as a table: the page's main answer for those who do not read plots.

import { element, table } from "./dom.js";
import { metricTitle, number } from "./format.js";

export function membersTable(points, members, picked) {
  const { targets } = points.search.spec;
  const keys = points.keys();
  const columns = [["Candidate", false], ...keys.map((key) => [metricTitle(key, targets), true]), ["Download", false]];
  const rows = members.map((row) => [
    picked.cell(points.ids[row], points.numbers[row]),
    ...keys.map((key) => number(key, points.value(key, row))),
    element("a", { href: `/candidates/${points.ids[row]}#files` }, "Files"),
  ]);
  return table("The front: no other candidate is better in one objective and no worse in the others.", columns, rows);
}
