"""Searches and candidates held against each other: what they have in common, where they differ, who did better."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from nas_service.domain.entities import Candidate, Completed, Search
from nas_service.domain.estimates import Estimates, Interval
from nas_service.domain.front import Point, reference_point
from nas_service.domain.hypervolume import hypervolume
from nas_service.domain.metrics import objective_key
from nas_service.domain.spec import ObjectiveSpec, SearchSpec, TargetSpec
from nas_service.use_cases.ports import UnitOfWork
from nas_service.use_cases.standing import points_of, searched_front

LEAST, MOST = 2, 6
"""How many are compared: more colors and columns cannot be told apart."""


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that each of those compared has a value for, in their order; None where one has none."""

    name: str
    values: tuple[Any, ...]

    @property
    def differs(self) -> bool:
        """Whether not all values are the same."""
        return any(value != self.values[0] for value in self.values)

    @property
    def odd(self) -> tuple[bool, ...]:
        """Of each value whether it is not what most have; all of them where nothing is had by most."""
        counts = [self.values.count(value) for value in self.values]
        common = [v for v, count in zip(self.values, counts, strict=True) if count == max(counts)]
        agreed = all(value == common[0] for value in common)
        return tuple(self.differs and not (agreed and value == common[0]) for value in self.values)


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a metric is of: names like `latency_ms@0` mean another target in another search."""

    metric: str
    target: TargetSpec | None
    across: str = ""

    @classmethod
    def of(cls, key: str, spec: SearchSpec) -> "Quantity":
        """Of a metric key of a search."""
        metric, _, rest = key.partition("@")
        return cls(metric, spec.targets[int(rest)], "") if rest.isdigit() else cls(metric, None, rest)


@dataclass(frozen=True, slots=True)
class Figure:
    """A value, its 95 % interval where it has one, and the candidate that reached it."""

    value: float
    interval: Interval | None
    candidate_id: str


@dataclass(frozen=True, slots=True)
class SearchColumn:
    """One of the searches compared."""

    search: Search
    completed_count: int
    front_size: int
    best: Mapping[Quantity, Figure]
    """Of each objective."""
    hypervolume_ratio: float | None
    """By the search's own numbers, of the box that all of them span; None where their boxes are not the same."""


@dataclass(frozen=True, slots=True)
class CandidateColumn:
    """One of the candidates compared."""

    candidate: Candidate
    search: Search
    figures: Mapping[Quantity, Figure]


def searches(uow: UnitOfWork, search_ids: Sequence[str]) -> list[SearchColumn]:
    """In this order, by what each has proposed itself. Raises NotFoundError."""
    found = [uow.searches.get(search_id) for search_id in search_ids]
    completed = [[c for c in uow.candidates.completed(search.id) if c.parent_id is None] for search in found]
    fronts = [searched_front(search, done) for search, done in zip(found, completed, strict=True)]
    ratios = _ratios(found, completed, fronts) if not incomparable(found) else [None] * len(found)
    return [
        SearchColumn(search, len(done), len(front), _best(search, done), ratio)
        for search, done, front, ratio in zip(found, completed, fronts, ratios, strict=True)
    ]


def candidates(uow: UnitOfWork, candidate_ids: Sequence[str]) -> list[CandidateColumn]:
    """In this order. Raises NotFoundError."""
    columns = []
    for candidate_id in candidate_ids:
        candidate = uow.candidates.get(candidate_id)
        search = uow.searches.get(candidate.search_id)
        columns.append(CandidateColumn(candidate, search, _figures(search, candidate.id, candidate.known)))
    return columns


def incomparable(found: Sequence[Search]) -> tuple[str, ...]:
    """Why the hypervolumes of these searches cannot be told in one box: what of `data`, `objectives` differs."""
    data = {search.dataset.fingerprint if search.dataset else search.spec.dataset.name for search in found}
    axes = {tuple(_axis(objective, search.spec) for objective in search.spec.objectives) for search in found}
    return ("data",) * (len(data) > 1) + ("objectives",) * (len(axes) > 1)


def _axis(objective: ObjectiveSpec, spec: SearchSpec) -> tuple[Any, ...]:
    targets = spec.targets if objective.across else ()
    weighing = (objective.weights, objective.relative_to, targets)
    return Quantity.of(objective_key(objective), spec), objective.goal, *weighing


def unlike_trainings(found: Sequence[Search]) -> bool:
    """Whether their accuracies are worth different trainings."""
    trainings = [(s.spec.training, s.spec.strategy.evaluator, s.spec.halves) for s in found]
    return any(training != trainings[0] for training in trainings)


def setting_rows(specs: Sequence[SearchSpec]) -> list[Row]:
    """Every setting of any of them, by its dotted path such as `targets.0.runtime`; their names apart."""
    flat = [dict(_leaves("", spec.model_dump(mode="json", exclude={"name"}))) for spec in specs]
    return value_rows(flat)


def value_rows(columns: Sequence[Mapping[str, Any]]) -> list[Row]:
    """A row a name, in the order in which names first occur."""
    names = dict.fromkeys(name for column in columns for name in column)
    return [Row(name, tuple(column.get(name) for column in columns)) for name in names]


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        value = dict(enumerate(value))
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(f"{path}.{name}" if path else name, inner)
    elif value != []:
        yield path, value


def _figures(search: Search, candidate_id: str, known: Estimates) -> dict[Quantity, Figure]:
    return {
        Quantity.of(key, search.spec): Figure(value, known.intervals.get(key), candidate_id)
        for key, value in known.metrics.items()
    }


def _best(search: Search, done: Sequence[Completed]) -> dict[Quantity, Figure]:
    found = {}
    for objective in search.spec.objectives if done else ():
        key = objective_key(objective)
        first = max if objective.maximize else min
        one = first(done, key=lambda c: c.known.metrics[key])
        figure = Figure(one.known.metrics[key], one.known.intervals.get(key), one.id)
        found[Quantity.of(key, search.spec)] = figure
    return found


def _ratios(
    found: Sequence[Search], completed: Sequence[Sequence[Completed]], fronts: Sequence[Sequence[int]]
) -> list[float | None]:
    """Hypervolumes as shares of the box between the worst and the best value that any of them has found."""
    objectives = found[0].spec.objectives
    maximize = [o.maximize for o in objectives]
    places = [
        points_of(search.spec.objectives, [c.known for c in done])
        for search, done in zip(found, completed, strict=True)
    ]
    every: list[Point] = [point for of_search in places for point in of_search]
    if not every:
        return [None] * len(found)
    reference = reference_point(every, maximize)
    best = [max(c) if up else min(c) for c, up in zip(zip(*every, strict=True), maximize, strict=True)]
    box = prod(abs(b - r) for b, r in zip(best, reference, strict=True))
    volumes = [
        hypervolume([of[i] for i in front], reference, maximize) for of, front in zip(places, fronts, strict=True)
    ]
    return [volume / box if box > 0 else 0.0 for volume in volumes]
