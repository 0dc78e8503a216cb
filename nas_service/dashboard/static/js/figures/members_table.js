// The members of the front as a table: the page's main answer for those who do not read plots.

import { candidateLink, element, table } from "./dom.js";
import { chance, halfWidth, metricTitle, number } from "./format.js";

export function membersTable(points) {
  const { targets } = points.search.spec;
  const keys = points.keys();
  const columns = [["Candidate", false], ["On the front", true], ...keys.map((key) => [metricTitle(key, targets), true]), ["Download", false]];
  const row = (index, state) => [
    candidateLink(points.ids[index], points.numbers[index]),
    state ?? chance(points.places.get(index)),
    ...keys.map((key) => number(key, points.value(key, index)) + halfWidth(key, points.interval(key, index))),
    element("a", { href: `/candidates/${points.ids[index]}#files` }, "Files"),
  ];
  const rows = [...points.members.map((index) => row(index)), ...points.near.map((index) => row(index)), ...points.dominated.map((index) => row(index, "no"))];
  const made = table(caption(points), columns, rows);
  [...made.tBodies[0].rows].slice(points.members.length).forEach((line) => line.classList.add("aside"));
  return made;
}

function caption(points) {
  const said = ["The front: no other candidate is better in one objective and no worse in the others; ± is half of a 95 % interval."];
  if (points.near.length) said.push("Faint: dominated, but within noise; with a probability of 5 % and more.");
  if (points.dominated.length) said.push("“no”: finalized, and dominated by the final numbers.");
  if (points.isFinal) said.push("Numbers are those of the finished files.");
  return said.join(" ");
}
