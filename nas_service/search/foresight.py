"""What the latency predictors of a search's targets say of networks that nobody has measured yet."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nas_service.domain.entities import Search
from nas_service.domain.metrics import metric_key, predicted_key, violation
from nas_service.domain.outcome import Foreseen
from nas_service.domain.predictors import Predictor as Stored
from nas_service.domain.predictors import Subject
from nas_service.domain.spec import ConstraintSpec, Metric
from nas_service.latency.documents import predictor_from_json
from nas_service.latency.fit import Predictor
from nas_service.latency.networks import Networks
from nas_service.search.predictor.arrays import FloatArray
from nas_service.use_cases.ports import UnitOfWork
from nas_service.use_cases.predictors import outdated

USABLE_MAPE = 0.1
"""A predictor with a larger error than that is not taken for knowledge; the sampler then learns from its own trials."""
USUAL_SHARE = 0.95
"""Of the cross-validated networks that are within the margin by which constraints are relaxed."""
PUBLISHED_MARGIN = 0.2
"""For tables that nothing was measured for here."""


@dataclass(frozen=True, slots=True)
class Foresight:
    """One target's predictor, and how far it is off at most, but for one network in twenty (relative)."""

    predictor: Predictor
    margin: float

    def latencies_ms(self, networks: Networks) -> FloatArray:
        """As predicted, (n,)."""
        return np.asarray(self.predictor.predict(networks), np.float64)

    def forbids(self, constraint: ConstraintSpec, latencies_ms: FloatArray) -> FloatArray:
        """By how much networks break a constraint even if the predictor is off by its margin; <= 0: perhaps not."""
        nearest = np.array([_nearest(constraint, value, self.margin) for value in latencies_ms.tolist()])
        return np.array([violation(constraint, value) for value in nearest.tolist()])


def _nearest(constraint: ConstraintSpec, value: float, margin: float) -> float:
    """The value within the margin that suits the constraint best."""
    low, high = value * (1 - margin), value * (1 + margin)
    if constraint.max is not None and value > constraint.max:
        return low
    return high if constraint.min is not None and value < constraint.min else value


def foresights(uow: UnitOfWork, search: Search) -> dict[int, Foresight]:
    """Of the targets that have a predictor which is good enough and holds for their device as it is now."""
    devices = uow.workers.devices(search.tenant)
    stored = {found.target: found for found in uow.predictors.of(Subject.of(search), search.tenant)}
    usable = {
        place: stored[target]
        for place, target in enumerate(search.spec.targets)
        if target in stored and _is_good(stored[target]) and outdated(stored[target], devices) is None
    }
    return {
        place: Foresight(predictor_from_json(uow.predictors.model(found.id)), _margin(found))
        for place, found in usable.items()
    }


def _is_good(stored: Stored) -> bool:
    errors = stored.report.get("errors")
    return errors is None or errors["mape"]["value"] <= USABLE_MAPE


def _margin(stored: Stored) -> float:
    if "errors" not in stored.report:
        return PUBLISHED_MARGIN
    measured, predicted = (np.array(stored.report[name]) for name in ("measured_ms", "predicted_ms"))
    return float(np.quantile(np.abs(predicted / measured - 1), USUAL_SHARE))


def foreseen(
    known: Mapping[int, Foresight], constraints: Sequence[ConstraintSpec], networks: Networks
) -> Iterator[Foreseen]:
    """Of each network its predicted latencies, and the constraints that it cannot keep."""
    latencies = {target: foresight.latencies_ms(networks) for target, foresight in known.items()}
    broken = {
        metric_key(c.metric, target): foresight.forbids(c, latencies[target])
        for target, foresight in known.items()
        for c in constraints
        if c.metric is Metric.LATENCY_MS and c.target == target
    }
    for row in range(len(networks)):
        yield Foreseen(
            {predicted_key(target): float(of[row]) for target, of in latencies.items()},
            {key: float(of[row]) for key, of in broken.items() if of[row] > 0},
        )
