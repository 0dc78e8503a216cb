"""How much of an objective's variance among completed candidates goes with each choice, by itself.

The measure is epsilon-squared (Kelley, 1935): the correlation ratio eta-squared of a one-way analysis of variance,
corrected for the number of options, so that a choice of many options does not look important by chance. It knows no
interactions, and a sampler does not draw evenly, so it describes the candidates that were tried and proves no cause.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nas_service.domain.entities import Search
from nas_service.domain.metrics import objective_key
from nas_service.domain.states import CandidateStatus
from nas_service.use_cases.figures.points import ChoiceColumn, choice_columns
from nas_service.use_cases.ports import UnitOfWork

LEAST_CANDIDATES = 8
"""With fewer nothing can be told."""


@dataclass(frozen=True, slots=True)
class OptionEffect:
    """The mean of an objective among the candidates with this option; None stands for those without the choice."""

    option: Any
    count: int
    mean: float


@dataclass(frozen=True, slots=True)
class Effect:
    """Of one choice on one objective."""

    choice: str
    share: float
    """Epsilon-squared, in [0, 1]."""
    options: tuple[OptionEffect, ...]


def importance(uow: UnitOfWork, search: Search) -> dict[str, list[Effect]]:
    """Effects by metric key of each objective, largest first; none while too few candidates are completed."""
    rows = [row for row in uow.records.candidates(search.id) if row.status is CandidateStatus.COMPLETED]
    keys = [objective_key(o) for o in search.spec.objectives]
    columns = choice_columns([row.architecture for row in rows])
    return {key: effects(columns, [row.metrics[key] for row in rows]) for key in keys}


def effects(columns: Mapping[str, ChoiceColumn], values: Sequence[float]) -> list[Effect]:
    """The effect of every choice that varies, largest first."""
    if len(values) < LEAST_CANDIDATES:
        return []
    numbers = np.asarray(values, dtype=np.float64)
    found = []
    for name, column in columns.items():
        codes = np.asarray(column.codes)
        means = [(code, codes == code) for code in np.unique(codes).tolist()]
        if len(means) < 2:
            continue
        options = tuple(
            OptionEffect(column.options[code] if code >= 0 else None, int(group.sum()), float(numbers[group].mean()))
            for code, group in means
        )
        found.append(Effect(name, epsilon_squared(numbers, codes), options))
    return sorted(found, key=lambda effect: (-effect.share, effect.choice))


def epsilon_squared(values: np.ndarray[Any, np.dtype[np.float64]], groups: np.ndarray[Any, Any]) -> float:
    """The share of the variance of `values` (n,) that lies between `groups` (n,), corrected; 0 where it is less."""
    labels = np.unique(groups)
    total = float(((values - values.mean()) ** 2).sum())
    left = len(values) - len(labels)
    if total <= 0 or left <= 0:
        return 0.0
    within = sum(float(((values[groups == g] - values[groups == g].mean()) ** 2).sum()) for g in labels)
    return max(0.0, 1.0 - (within / left) / (total / (len(values) - 1)))
