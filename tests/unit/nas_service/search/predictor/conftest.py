"""A small problem with interactions, and studies of it."""

from collections.abc import Sequence

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial

from nas_service.search.predictor import PlainProblem
from nas_service.search.predictor.arrays import FloatArray, IntArray
from nas_service.search.predictor.plain_problem import Columns

OPTIONS, PARAMETERS = 3, 12
SPACE = {f"p{i}": CategoricalDistribution(tuple(range(OPTIONS))) for i in range(PARAMETERS)}
REFERENCE = (0.0, 40.0)
_RNG = np.random.default_rng(99)
_GAINS = _RNG.uniform(0.2, 1.0, PARAMETERS)
_PAIRS = _RNG.uniform(-0.3, 0.3, (PARAMETERS, PARAMETERS))
_COSTS = _RNG.uniform(0.2, 2.5, PARAMETERS)


def cost(columns: Columns) -> FloatArray:
    """Additive in the parameters."""
    return np.stack([columns[name].astype(float) for name in SPACE], axis=1) @ _COSTS


def accuracy(rows: IntArray) -> FloatArray:
    """Grows with every parameter, ever less, and with interactions of pairs; (n, c) to (n,)."""
    level = np.sqrt(rows)
    return level @ _GAINS + np.einsum("ni,ij,nj->n", level, _PAIRS, level)


class Problems:
    """Builds problems and runs studies."""

    def make(self, limit: float = np.inf) -> PlainProblem:
        """Maximise the accuracy, which must be learned; minimise the cost, which is known, up to `limit`."""
        return PlainProblem(SPACE, known={1: cost}, keeps=lambda columns: cost(columns) <= limit)

    def study(self, sampler: BaseSampler) -> optuna.Study:
        """Without trials."""
        return optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)

    def run(self, study: optuna.Study, count: int, in_flight: int = 1) -> None:
        """Ask `in_flight` trials at a time, then tell them."""
        for _ in range(count // in_flight):
            for trial in [study.ask(SPACE) for _ in range(in_flight)]:
                study.tell(trial, self.values(trial.params))

    def values(self, params: dict[str, int]) -> list[float]:
        """Both objectives."""
        row = np.array([[params[name] for name in SPACE]])
        return [float(accuracy(row)[0]), float(row[0] @ _COSTS)]

    def rows(self, trials: Sequence[FrozenTrial]) -> list[tuple[int, ...]]:
        """The parameters of each trial."""
        return [tuple(trial.params[name] for name in SPACE) for trial in trials]


@pytest.fixture(scope="session")
def problems() -> Problems:
    """See `Problems`."""
    return Problems()


@pytest.fixture(autouse=True, scope="session")
def _quiet() -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
