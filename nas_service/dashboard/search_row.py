"""A search as a row of the table."""

from collections.abc import Sequence
from dataclasses import dataclass

from nas_service.api.converters import search_summary
from nas_service.dashboard.sparkline import step_path
from nas_service.domain.entities import Search
from nas_service.domain.states import SearchPhase, SearchStatus, is_over
from nas_service.use_cases.standing import Standing
from nas_service.wire.searches import SearchSummary


@dataclass(frozen=True, slots=True)
class SearchRow:
    """What the table says of a search."""

    search: SearchSummary
    ended_count: int
    """Candidates that will not change any more."""
    progress: float | None
    """Share of the search phase that is done; None where nothing tells."""
    best_accuracy: float | None
    hypervolume_ratio: float | None
    growth_path: str
    """How the hypervolume came to be what it is."""


def search_row(search: Search, standing: Standing, history: Sequence[float]) -> SearchRow:
    """The row of a search with this standing, and hypervolume so far."""
    ended = sum(count for status, count in standing.counts.items() if is_over(status))
    return SearchRow(
        search=search_summary(search),
        ended_count=ended,
        progress=_progress(search, ended),
        best_accuracy=standing.best_accuracy,
        hypervolume_ratio=standing.extent.hypervolume_ratio if standing.member_ids else None,
        growth_path=step_path(history),
    )


def _progress(search: Search, ended_count: int) -> float | None:
    """By whichever budget is nearer to its end; time counts up to the last pause."""
    if search.phase is SearchPhase.FINALIZE or search.status is SearchStatus.SUCCEEDED:
        return 1.0
    budget = search.spec.budget
    shares = []
    if budget.candidates:
        shares.append(ended_count / budget.candidates)
    if budget.minutes:
        shares.append(search.active_s / 60 / budget.minutes)
    return min(1.0, max(shares)) if shares else None
