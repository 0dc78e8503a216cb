"""What happened to a search: when it entered each state, how its candidates ended, what failed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from nas_service.domain.states import WorkStatus
from nas_service.plots.material import Material
from nas_service.wire.figures import SpanInfo
from nas_service.wire.searches import SearchEvent

MOST_FAILURES = 10


@dataclass(frozen=True, slots=True)
class History:
    """For a report."""

    changes: tuple[tuple[datetime, str], ...]
    """States and phases entered."""
    endings: tuple[tuple[str, int], ...]
    """Candidates by status."""
    retried: int
    """Pieces of work that were started more than once."""
    failures: tuple[tuple[datetime | None, str], ...]
    """The last ones."""


def history(material: Material) -> History:
    """Of a search that is over or not."""
    search, spans = material.search, material.timeline.items
    return History(
        changes=tuple(_changes(material.events)),
        endings=tuple((status.value.lower(), count) for status, count in search.candidates.items()),
        retried=sum(span.attempt > 1 for span in spans),
        failures=tuple(_failures(spans)[-MOST_FAILURES:]),
    )


def _changes(events: Sequence[SearchEvent]) -> list[tuple[datetime, str]]:
    told = []
    for event in events:
        if event.kind == "search.submitted":
            told.append((event.at, "submitted"))
        elif event.kind in ("search.status", "search.phase"):
            name = event.kind.removeprefix("search.")
            told.append((event.at, f"{name} {str(event.payload[name]).lower()}"))
    return told


def _failures(spans: Sequence[SpanInfo]) -> list[tuple[datetime | None, str]]:
    return [
        (span.finished_at, f"{span.kind.value} ({span.failure.problem}): {span.failure.detail}")
        for span in spans
        if span.status is WorkStatus.FAILED and span.failure is not None
    ]
