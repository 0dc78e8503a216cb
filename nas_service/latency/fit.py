"""From measurements to a predictor: every kind of model is cross-validated, and the best one fitted on all of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from nas_service.latency.errors import Errors, errors_of
from nas_service.latency.evidence import Evidence
from nas_service.latency.means import Additive, estimates, first_estimate
from nas_service.latency.networks import Networks
from nas_service.latency.plain import Plain
from nas_service.latency.process import Process
from nas_service.latency.transfer import Rescaled
from search_spaces.table import FloatArray

FOLDS = 10
FEWEST_ON_ITS_OWN = 20
"""Networks from which a first estimate can be fitted; with fewer only a transfer is tried, where there is one."""
MOST_FOR_SCALES = 300
USUAL_SHARE = 0.95
MODEL_VERSION = 2
"""Of what models are made of, `terms` and `layers` above all: a stored one of another version cannot be read."""
FIGURES = 4
"""Significant digits of what is kept for plots."""


class Predictor(Protocol):
    """What comes out."""

    def predict(self, networks: Networks) -> FloatArray:
        """Latencies in ms, (n,)."""
        ...

    def blocks_ms(self, networks: Networks) -> FloatArray:
        """Time of each distinct block, (u,). What a network takes on top of its blocks is in `predict` alone."""
        ...

    def doubt(self, networks: Networks) -> FloatArray:
        """How unlike networks are to those that it was fitted on, (n,): the larger, the further off it may be.

        Compares with `usual_doubt` of the report; 0 where the model does not tell.
        """
        ...

    def to_json(self) -> dict[str, Any]:
        """As stored."""
        ...


Method = Callable[[Evidence], Predictor]


@dataclass(frozen=True, eq=False)
class Fitted:
    """A predictor with what is known of its quality."""

    predictor: Predictor
    method: str
    errors: Errors
    mape_of_methods: Mapping[str, float]
    measured_ms: FloatArray
    predicted_ms: FloatArray
    """Each network by a model that was fitted without it."""
    usual_doubt: float
    """Of nearly all of these networks under such models."""

    @property
    def is_transferred(self) -> bool:
        """Whether another target's predictor is in it."""
        return self.method.startswith(TRANSFER)

    def report(self) -> dict[str, Any]:
        """As stored."""
        pairs = {"measured_ms": self.measured_ms, "predicted_ms": self.predicted_ms}
        return {
            "model_version": MODEL_VERSION,
            "method": self.method,
            "errors": self.errors.to_json(),
            "mape_of_methods": dict(self.mape_of_methods),
            "usual_doubt": self.usual_doubt,
            **{name: [float(f"{value:.{FIGURES}g}") for value in values] for name, values in pairs.items()},
        }


TRANSFER = "transfer from "


def fit_predictor(
    evidence: Evidence, sources: Mapping[str, Process], on_progress: Callable[[], None] = lambda: None
) -> Fitted:
    """The better of an additive model, a Gaussian process, and one of each other target's predictor, by name.

    `on_progress` is called between fits, and may raise to stop. Raises ValueError for fewer than two networks.
    """
    methods = methods_of(evidence, sources)
    found = {name: cross_validated(evidence, method, on_progress) for name, method in methods.items()}
    mapes = {name: float(np.abs(of / evidence.measured_ms - 1).mean()) for name, (of, _) in found.items()}
    best = min(mapes, key=lambda name: mapes[name])
    predicted_ms, doubts = found[best]
    return Fitted(
        predictor=methods[best](evidence),
        method=best,
        errors=errors_of(evidence.measured_ms, predicted_ms),
        mape_of_methods=mapes,
        measured_ms=evidence.measured_ms,
        predicted_ms=predicted_ms,
        usual_doubt=float(np.quantile(doubts, USUAL_SHARE)),
    )


def methods_of(evidence: Evidence, sources: Mapping[str, Process]) -> dict[str, Method]:
    """What is worth trying on this evidence."""
    transfers: dict[str, Method] = {TRANSFER + name: _transfer(evidence, source) for name, source in sources.items()}
    if transfers and len(evidence) < FEWEST_ON_ITS_OWN:
        return transfers
    return {"additive": lambda some: Plain(first_estimate(some)), "process": _process(evidence), **transfers}


def _process(evidence: Evidence) -> Method:
    some = _for_scales(evidence)
    found = Process.likeliest(some, estimates(some))
    return lambda some: Process.fit(some, Additive.fit(some, found.mean.vector), [found.scales])


def _transfer(evidence: Evidence, source: Process) -> Method:
    some = _for_scales(evidence)
    scales = Process.fit(some, Rescaled.fit(some, source)).scales
    return lambda some: Process.fit(some, Rescaled.fit(some, source), [scales])


def _for_scales(evidence: Evidence) -> Evidence:
    """What the width of vectors and the scales are found on, once: to look for them in each fold takes minutes."""
    return evidence.some(np.random.default_rng(0).permutation(len(evidence))[:MOST_FOR_SCALES])


def cross_validated(
    evidence: Evidence, method: Method, on_progress: Callable[[], None] = lambda: None
) -> tuple[FloatArray, FloatArray]:
    """What the method predicts for each network, fitted without it and a tenth of the others, and its doubt: (n,)."""
    order = np.random.default_rng(0).permutation(len(evidence))
    predicted_ms, doubts = np.empty(len(evidence)), np.empty(len(evidence))
    for held_out in np.array_split(order, min(FOLDS, len(evidence))):
        on_progress()
        predictor = method(evidence.some(np.setdiff1d(order, held_out)))
        networks = evidence.some(held_out).networks
        predicted_ms[held_out], doubts[held_out] = predictor.predict(networks), predictor.doubt(networks)
    return predicted_ms, doubts
