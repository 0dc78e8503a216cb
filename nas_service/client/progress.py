"""A progress bar of a search, in terminals and notebooks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from nas_service.domain.states import SearchPhase, SearchStatus, is_over
from nas_service.wire.searches import SearchDetail

DOING = {SearchPhase.PREPARE: "preparing", SearchPhase.SEARCH: "searching", SearchPhase.FINALIZE: "finishing the front"}


@contextmanager
def progress_bar(
    search: SearchDetail, *, shown: bool, console: Console | None = None
) -> Iterator[Callable[[SearchDetail], None]]:
    """What is to be called with every change. Where nobody looks, as in a log, only the end is written."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[best]}"))
    with Progress(*columns, TimeElapsedColumn(), console=console, disable=not shown) as bar:
        task = bar.add_task(_doing(search), total=search.candidate_budget, best="")

        def update(now: SearchDetail) -> None:
            done = sum(count for status, count in now.candidates.items() if is_over(status))
            # A search that ends by time has no number of candidates to reach.
            total = now.candidate_budget or (done if now.is_over else None)
            bar.update(task, completed=done, total=total, description=_doing(now), best=_best(now))

        yield update
        if bar.console.is_jupyter:  # rich draws the end by itself in terminals only
            bar.refresh()


def _doing(search: SearchDetail) -> str:
    running = search.status is SearchStatus.RUNNING
    return f"{search.name}: {DOING[search.phase] if running else search.status.value.lower()}"


def _best(search: SearchDetail) -> str:
    if search.best_accuracy is None:
        return ""
    return f"best {100 * search.best_accuracy:.2f} %, front {search.front_size}"
