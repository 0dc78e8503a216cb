"""What the latency predictors of a search's targets say of networks that nobody has measured yet."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nas_service.domain.entities import Search
from nas_service.domain.estimates import Interval
from nas_service.domain.executed import at_precision, chosen_precisions
from nas_service.domain.metrics import metric_key, predicted_key, violation
from nas_service.domain.outcome import Foreseen
from nas_service.domain.predictors import Predictor as Stored
from nas_service.domain.predictors import Subject
from nas_service.domain.spec import ConstraintSpec, Metric
from nas_service.latency.documents import predictor_from_json
from nas_service.latency.fit import Predictor
from nas_service.latency.networks import Networks
from nas_service.search.predictor.arrays import FloatArray, IntArray
from nas_service.use_cases.ports import UnitOfWork
from nas_service.use_cases.predictors import outdated
from search_spaces.deployment import PRECISIONS

USABLE_MAPE = 0.1
"""A predictor with a larger error than that is not taken for knowledge; the sampler then learns from its own trials."""
USUAL_SHARE = 0.95
"""Of the cross-validated networks that are within the margin by which constraints are relaxed."""
PUBLISHED_MARGIN = 0.2
"""For tables that nothing was measured for here."""


@dataclass(frozen=True, slots=True, eq=False)
class Executed:
    """Networks as targets execute them."""

    networks: Networks
    precisions: IntArray
    """That each one chooses, as its place in `PRECISIONS`, (n,); 0 where the space does not choose."""

    def __len__(self) -> int:
        return len(self.networks)


@dataclass(frozen=True, slots=True)
class Known:
    """A predictor, and how far it is off at most, but for one network in twenty (relative)."""

    predictor: Predictor
    margin: float
    usual_doubt: float = math.inf
    """Of nearly all networks that the margin was found on; infinite where the predictor knows no doubt."""

    def latencies_ms(self, networks: Networks) -> FloatArray:
        """As predicted, (n,)."""
        return np.asarray(self.predictor.predict(networks), np.float64)

    def strangeness(self, networks: Networks) -> FloatArray:
        """How much less like the measured networks these are than those are like each other: above 1, (n,)."""
        return np.asarray(self.predictor.doubt(networks), np.float64) / self.usual_doubt

    def margins(self, networks: Networks) -> FloatArray:
        """How far off the predictions may be, relative, (n,): the margin, and more for networks beyond the measured."""
        return self.margin * np.maximum(self.strangeness(networks), 1.0)


@dataclass(frozen=True, slots=True)
class Foresight:
    """What is known of one target: each network is asked of the predictor of the precision that it is executed at."""

    known: Mapping[int, Known]
    """By the place of a precision in `PRECISIONS`."""

    def latencies_ms(self, executed: Executed) -> FloatArray:
        """As predicted, (n,)."""
        return self._asked(executed, Known.latencies_ms)

    def strangeness(self, executed: Executed) -> FloatArray:
        """As of `Known`, (n,)."""
        return self._asked(executed, Known.strangeness)

    def margins(self, executed: Executed) -> FloatArray:
        """As of `Known`, (n,)."""
        return self._asked(executed, Known.margins)

    def _asked(self, executed: Executed, question: Callable[[Known, Networks], FloatArray]) -> FloatArray:
        answers = np.empty(len(executed))
        for precision, known in self.known.items():
            rows = np.flatnonzero(executed.precisions == precision)
            answers[rows] = question(known, executed.networks.some(rows))
        return answers


def forbids(constraint: ConstraintSpec, latencies_ms: FloatArray, margins: FloatArray) -> FloatArray:
    """By how much networks break a constraint even if predictions are off by their margins; <= 0: perhaps not."""
    pairs = zip(latencies_ms.tolist(), margins.tolist(), strict=True)
    nearest = np.array([_nearest(constraint, value, margin) for value, margin in pairs])
    return np.array([violation(constraint, value) for value in nearest.tolist()])


def _nearest(constraint: ConstraintSpec, value: float, margin: float) -> float:
    """The value within the margin that suits the constraint best."""
    low, high = _around(value, margin)
    if constraint.max is not None and value > constraint.max:
        return low
    return high if constraint.min is not None and value < constraint.min else value


def _around(value: float, margin: float) -> Interval:
    return value * max(1 - margin, 0.0), value * (1 + margin)


def foresights(uow: UnitOfWork, search: Search) -> dict[int, Foresight]:
    """Of the targets whose predictors are good enough and hold for their device as it is now.

    Where the space chooses the precision, a target needs one for each: the sampler would take what one says of fp32
    for what is known of every candidate. Without them it learns from its own trials.
    """
    devices = uow.workers.devices(search.tenant)
    stored = {
        found.target: found
        for found in uow.predictors.of(Subject.of(search), search.tenant)
        if _is_good(found) and outdated(found, devices) is None
    }
    wanted = {
        0 if precision is None else PRECISIONS.index(precision): at_precision(search.spec, precision).targets
        for precision in chosen_precisions(search.spec)
    }
    return {
        place: Foresight({precision: _known(uow, stored[targets[place]]) for precision, targets in wanted.items()})
        for place in range(len(search.spec.targets))
        if all(targets[place] in stored for targets in wanted.values())
    }


def _known(uow: UnitOfWork, found: Stored) -> Known:
    return Known(predictor_from_json(uow.predictors.model(found.id)), _margin(found), _usual_doubt(found))


def _is_good(stored: Stored) -> bool:
    errors = stored.report.get("errors")
    return errors is None or errors["mape"]["value"] <= USABLE_MAPE


def _margin(stored: Stored) -> float:
    if "errors" not in stored.report:
        return PUBLISHED_MARGIN
    measured, predicted = (np.array(stored.report[name]) for name in ("measured_ms", "predicted_ms"))
    return float(np.quantile(np.abs(predicted / measured - 1), USUAL_SHARE))


def _usual_doubt(stored: Stored) -> float:
    return stored.report.get("usual_doubt") or math.inf


def foreseen(
    known: Mapping[int, Foresight], constraints: Sequence[ConstraintSpec], executed: Executed
) -> Iterator[Foreseen]:
    """Of each network its predicted latencies, and the constraints that it cannot keep."""
    latencies = {target: foresight.latencies_ms(executed) for target, foresight in known.items()}
    margins = {target: foresight.margins(executed) for target, foresight in known.items()}
    strange = {target: foresight.strangeness(executed) for target, foresight in known.items()}
    broken = {
        metric_key(c.metric, target): forbids(c, latencies[target], margins[target])
        for target in known
        for c in constraints
        if c.metric is Metric.LATENCY_MS and c.target == target
    }
    for row in range(len(executed)):
        yield Foreseen(
            {predicted_key(target): float(of[row]) for target, of in latencies.items()},
            {key: float(of[row]) for key, of in broken.items() if of[row] > 0},
            {predicted_key(t): _around(float(of[row]), float(margins[t][row])) for t, of in latencies.items()},
            tuple(predicted_key(target) for target, of in strange.items() if of[row] > 1),
        )
