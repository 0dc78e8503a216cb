"""How long a search would take, from how long the work of searches like it took on the workers that there are.

No simulation and no benchmark: without a search of the same data, space and training nothing is said.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nas_service.domain.entities import TRAIN_QUEUE, Search, WorkKind
from nas_service.domain.records import WorkRecord
from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import WorkStatus
from nas_service.use_cases.ports import Page, UnitOfWork

LOOKED_AT = 50
"""Searches, the newest ones."""
LEARNED_FROM = 5
ITEMS = 500
"""Work items of each."""
FEWEST = 5
"""Evaluations of which a spread can be told."""
QUARTILES = (25.0, 75.0)
TAKES_NO_TIME = {
    "epochs",
    "learning_rate",
    "learning_rate_decay",
    "cooldown_fraction",
    "momentum",
    "weight_decay",
    "warmup_fraction",
    "warmup_epochs",
    "label_smoothing",
}
"""Of a training what an epoch takes equally long with; epochs are counted apart."""


@dataclass(frozen=True, slots=True)
class Span:
    """A range that half of what was seen lies in, and its mean."""

    low: float
    high: float

    def __add__(self, other: "Span") -> "Span":
        return Span(self.low + other.low, self.high + other.high)

    def __mul__(self, factor: float) -> "Span":
        return Span(self.low * factor, self.high * factor)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a search would cost, if its candidates are like those before."""

    worker_count: int
    """Training workers that are connected."""
    lanes: int
    """Candidates at once: so many workers, one at least, and no more than the budget's parallelism."""
    duration_s: Span
    """From the first candidate to the last bundle; with a supernet from the begin of its training."""
    work_s: Span
    """The same as seconds of all workers together."""
    candidates: Span
    """That are reached within the budget."""
    evaluation_count: int
    """It is told from so many evaluations"""
    search_count: int
    """of so many searches."""


def forecast(uow: UnitOfWork, spec: SearchSpec) -> Forecast | None:
    """None where too little was ever done that is like it."""
    done_here = [search for search in uow.searches.list(Page(LOOKED_AT))[0] if not search.is_imported]
    alike = [search for search in done_here if is_alike(search.spec, spec)][:LEARNED_FROM]
    done = [(search, _finished(uow.records.work(search.id, ITEMS))) for search in alike]
    workers = [w for w in uow.workers.live() if TRAIN_QUEUE in w.queues]
    return told(spec, done, sum(worker.capacity for worker in workers))


def is_alike(known: SearchSpec, spec: SearchSpec) -> bool:
    """Whether an epoch of the one takes as long as of the other, and its evaluations are made of the same."""
    return all(
        before == now
        for before, now in (
            (known.dataset, spec.dataset),
            (known.space, spec.space),
            (known.strategy.evaluator, spec.strategy.evaluator),
            (known.halves, spec.halves),
            (_what_takes_time(known), _what_takes_time(spec)),
        )
    )


def _what_takes_time(spec: SearchSpec) -> object:
    return spec.training.model_dump(exclude=TAKES_NO_TIME)


def told(spec: SearchSpec, done: Sequence[tuple[Search, Sequence[WorkRecord]]], worker_count: int) -> Forecast | None:
    """From work that was done for searches like it."""
    trained = [s * _longer(search.spec, spec) for search, items in done for s in _evaluations(items)]
    if len(trained) < FEWEST:
        return None
    timed = [_seconds(item) for _, items in done for item in items if item.kind is WorkKind.PROFILE]
    finished = [_seconds(item) for _, items in done for item in items if item.kind is WorkKind.FINALIZE]
    shared = [_seconds(item) for _, items in done for item in items if item.kind is WorkKind.SUPERNET]
    each_s = _spread(trained) + _spread(timed) * len(spec.targets)
    lanes = max(1, min(worker_count, spec.budget.parallelism or worker_count))
    most_s = 60 * spec.budget.minutes if spec.budget.minutes else np.inf
    count = Span(*sorted(_reached(spec, most_s, one_s / lanes) for one_s in (each_s.low, each_s.high)))
    # More candidates are reached where each takes less, so the ends of the two do not go together.
    searching = Span(*(min(most_s, (spec.budget.candidates or np.inf) * s / lanes) for s in (each_s.low, each_s.high)))
    ending = _spread(finished) * min(spec.finalize.top_k or len(finished) / len(done), count.high)
    once = _spread(shared) if spec.strategy.evaluator == "supernet" else Span(0.0, 0.0)
    return Forecast(
        worker_count,
        lanes,
        once + searching + ending * (1 / lanes),
        once + searching * lanes + ending,
        count,
        len(trained),
        len(done),
    )


def _reached(spec: SearchSpec, most_s: float, each_s: float) -> float:
    return float(min(spec.budget.candidates or np.inf, max(1.0, np.floor(most_s / each_s) if each_s else np.inf)))


def _longer(known: SearchSpec, spec: SearchSpec) -> float:
    """How many times longer a training from scratch is; subnets of a supernet are not trained."""
    return spec.training.epochs / known.training.epochs if spec.strategy.evaluator == "scratch" else 1.0


def _finished(items: Sequence[WorkRecord]) -> list[WorkRecord]:
    return [item for item in items if item.status is WorkStatus.DONE and item.started_at and item.finished_at]


def _evaluations(items: Sequence[WorkRecord]) -> list[float]:
    """Of each candidate the seconds of all its evaluations: with a schedule it has several."""
    found: dict[str | None, float] = defaultdict(float)
    for item in items:
        if item.kind is WorkKind.EVALUATE:
            found[item.candidate_id] += _seconds(item)
    return list(found.values())


def _seconds(item: WorkRecord) -> float:
    return (item.finished_at - item.started_at).total_seconds() if item.started_at and item.finished_at else 0.0


def _spread(seconds: Sequence[float]) -> Span:
    """Quartiles, or the mean where that lies beyond: many candidates take so long on average."""
    if not seconds:
        return Span(0.0, 0.0)
    low, high = np.percentile(seconds, QUARTILES)
    mean = np.mean(seconds)
    return Span(float(min(low, mean)), float(max(high, mean)))
