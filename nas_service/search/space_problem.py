"""Our search spaces as problems for the predictor sampler."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Self

import numpy as np
from optuna.distributions import CategoricalDistribution

from nas_service.domain.metrics import computable, violation
from nas_service.domain.outcome import Foreseen
from nas_service.domain.spec import COMPUTABLE_METRICS, ConstraintSpec, Metric, SearchSpec
from nas_service.latency.networks import Networks, networks_of
from nas_service.search.foresight import Executed, Foresight, forbids, foreseen
from nas_service.search.predictor.arrays import BoolArray, FloatArray, IntArray
from nas_service.search.predictor.grid import Grid
from search_spaces import Architecture, NetworkInput, SearchSpace
from search_spaces.encoding import one_hot

NOTHING_FORESEEN: Mapping[int, Foresight] = MappingProxyType({})
PEAK_ACTIVATION = "peak_activation_bytes"


class SpaceProblem:
    """Canonical rows and masked one-hot features come from the space, hints from its analytic costs.

    What is neither known nor computable nor predicted (accuracy; latency where there is no predictor) is learned from
    the trials.
    """

    def __init__(
        self,
        space: SearchSpace,
        network_input: NetworkInput,
        known: Mapping[int, Callable[[IntArray], FloatArray]] | None = None,
        limits: Callable[[IntArray], BoolArray] | None = None,
        image_side: tuple[int, int] | None = None,
    ) -> None:
        """`known` gives objectives that need no trial, `limits` the canonical rows that are allowed.

        `image_side` is the height and width of the data set's images; None: those that each network wants.
        """
        self.grid = Grid({choice.name: CategoricalDistribution(choice.options) for choice in space.choices})
        self._space = space
        self._network_input = network_input
        self._hints_flow = False
        self._costs = _Costs(space, network_input)
        self._known = dict(known or {})
        self._limits = limits
        self._image_side = image_side
        self._foresights: Mapping[int, Foresight] = {}
        self._constraints: Sequence[ConstraintSpec] = ()
        self._last_known: tuple[IntArray, dict[int, FloatArray]] | None = None

    @classmethod
    def of(
        cls,
        spec: SearchSpec,
        space: SearchSpace,
        network_input: NetworkInput,
        image_side: tuple[int, int] | None = None,
        foresights: Mapping[int, Foresight] = NOTHING_FORESEEN,
    ) -> Self:
        """MACs, parameters and size are known, and constraints on them hold before any training.

        So is the latency on targets that have a predictor, and so do constraints on it that no error of it excuses.
        Of the zero-cost proxies that are asked for synaptic flow is a hint: the only one that is known of networks
        not built yet.
        """
        problem = cls(space, network_input, image_side=image_side)
        problem._foresights, problem._constraints = foresights, spec.constraints
        problem._hints_flow = "synflow" in spec.strategy.proxies
        for place, objective in enumerate(spec.objectives):
            if (
                objective.metric is Metric.LATENCY_MS
                and objective.target is not None
                and objective.target in foresights
            ):
                problem._known[place] = problem._latency_on(objective.target)
            if objective.metric in COMPUTABLE_METRICS:
                problem._known[place] = problem._cost_named(objective.metric)
        constraints = computable(spec.constraints)
        predicted = [c for c in spec.constraints if c.metric is Metric.LATENCY_MS and c.target in foresights]

        def limits(rows: IntArray) -> BoolArray:
            costs = problem._costs(rows)
            kept = np.ones(len(rows), bool)
            for constraint in constraints:
                kept &= np.array([violation(constraint, value) <= 0 for value in costs[constraint.metric]], bool)
            for constraint in predicted:
                foresight = foresights[constraint.target or 0]
                executed = problem._executed(rows)
                latencies_ms, margins = foresight.latencies_ms(executed), foresight.margins(executed)
                kept &= forbids(constraint, latencies_ms, margins) <= 0
            return kept

        problem._limits = limits if constraints or predicted else None
        return problem

    def canonical(self, rows: IntArray) -> IntArray:
        """Masked, ties resolved."""
        return self._space.canonical_indices(rows)

    def features(self, rows: IntArray) -> FloatArray:
        """One-hot; a choice that does not matter is all zero."""
        return one_hot(self._space.choices, rows).astype(np.float64)

    def hints(self, rows: IntArray) -> FloatArray:
        """Logarithms of known objectives and analytic costs, and of the synaptic flow where the spec asks for it."""
        costs = self._costs(rows)
        hints = [*self.known(rows).values(), costs[Metric.MACS], costs[Metric.PARAMS], costs[PEAK_ACTIVATION]]
        logarithms = np.log(np.stack(hints, axis=1))
        if not self._hints_flow:
            return logarithms
        flow = self._space.log_synaptic_flow(rows, self._network_input)
        return np.concatenate([logarithms, flow[:, None]], axis=1)

    def known(self, rows: IntArray) -> dict[int, FloatArray]:
        """Exact values, by the objective's place. The last answer is kept, as with costs."""
        if self._last_known is None or self._last_known[0] is not rows:
            self._last_known = rows, {place: function(rows) for place, function in self._known.items()}
        return self._last_known[1]

    def feasible(self, rows: IntArray) -> BoolArray:
        """Which keep the constraints that can be computed."""
        return np.ones(len(rows), bool) if self._limits is None else self._limits(rows)

    def networks(self, rows: IntArray) -> Networks:
        """Canonical rows as latency predictors take them."""
        return networks_of(self._space, rows, self._network_input, self._image_side)

    def foresee(self, architectures: Sequence[Architecture]) -> list[Foreseen]:
        """What the predictors of the targets say; nothing where there are none."""
        if not self._foresights:
            return [Foreseen({}, {})] * len(architectures)
        executed = self._executed(self._space.to_indices(architectures))
        return list(foreseen(self._foresights, self._constraints, executed))

    def _executed(self, rows: IntArray) -> Executed:
        return Executed(self.networks(rows), self._space.precisions(rows))

    def _latency_on(self, target: int) -> Callable[[IntArray], FloatArray]:
        return lambda rows: self._foresights[target].latencies_ms(self._executed(rows))

    def _cost_named(self, metric: Metric) -> Callable[[IntArray], FloatArray]:
        return lambda rows: self._costs(rows)[metric]


class _Costs:
    """Analytic costs of canonical rows by name. The last answer is kept: each batch of rows is asked about often."""

    def __init__(self, space: SearchSpace, network_input: NetworkInput) -> None:
        self._space, self._input = space, network_input
        self._last: tuple[IntArray, dict[str, FloatArray]] | None = None

    def __call__(self, rows: IntArray) -> dict[str, FloatArray]:
        if self._last is None or self._last[0] is not rows:
            cost = self._space.cost(rows, self._input)
            named = {
                Metric.MACS.value: cost.macs,
                Metric.PARAMS.value: cost.params,
                Metric.SIZE_BYTES.value: cost.weight_bytes,
                PEAK_ACTIVATION: cost.peak_activation_bytes,
            }
            self._last = rows, {name: values.astype(np.float64) for name, values in named.items()}
        return self._last[1]
