"""Compressed networks beside those that they were made of."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nas_service.cli.results import Results
from nas_service.domain.recipe_check import name_of
from nas_service.units import change_text, heading, metric_text
from nas_service.wire.candidates import ComparedInfo, LineageInfo


def lineages(results: Results) -> RenderableType:
    """A table for each child of the front's members, and for each member that is one; nothing where there is none."""
    found: dict[int, LineageInfo] = {}
    for member in results.members:
        found |= {child.number: child.lineage for child in member.candidate.children if child.lineage}
        if member.candidate.lineage:
            found[member.candidate.number] = member.candidate.lineage
    targets = len(results.search.spec.targets)
    parts = [part for number, lineage in sorted(found.items()) for part in _told(number, lineage, targets)]
    return Group(*parts)


def _told(number: int, lineage: LineageInfo, targets: int) -> Iterable[RenderableType]:
    steps = ", ".join(map(name_of, lineage.recipe))
    yield Text(f"\ncandidate {lineage.parent_number}, compressed to {number} by {steps}: {lineage.reason}\n")
    yield comparison_table(lineage.comparison, targets)


def comparison_table(comparison: Mapping[str, ComparedInfo], target_count: int) -> Table:
    """One row a number: the parent's, the child's, and what the one is of the other."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    for name in ("parent", "child", "change"):
        table.add_column(name, justify="right")
    for key, compared in comparison.items():
        before, after = compared.parent, compared.child
        numbers = metric_text(key, before), metric_text(key, after), change_text(key, before, after)
        table.add_row(heading(key, target_count), *numbers)
    return table


def facts_line(step: str, facts: Mapping[str, Any]) -> Text:
    """What a step says of what it did, as far as that is one value each."""
    values = {name: value for name, value in facts.items() if isinstance(value, bool | int | float | str)}
    told = (f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}" for name, value in values.items())
    return Text(f"{step}: {', '.join(told)}")
