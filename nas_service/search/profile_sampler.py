"""An Optuna sampler that proposes what a latency predictor learns the most from."""

from collections.abc import Sequence
from threading import Lock
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from nas_service.latency.choose import most_informative
from nas_service.latency.evidence import Evidence
from nas_service.search.predictor import moves
from nas_service.search.predictor.arrays import IntArray, row_keys
from nas_service.search.space_problem import SpaceProblem

FIRST = 24
"""Networks drawn at random before a first estimate is trusted to say where doubt is."""
BATCH = 8
POOL = 384
RANDOM_SHARE = 2
"""One network in so many is drawn at random all the same: the doubt that is not in the model is nowhere known."""


class ProfileSampler(BaseSampler):
    """For studies whose first objective is a latency. A network that any trial had is never proposed again."""

    def __init__(self, problem: SpaceProblem, seed: int) -> None:
        self._problem, self._seed = problem, seed
        self._independent = RandomSampler(seed=seed)
        self._batch: list[list[int]] = []
        self._lock = Lock()

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """All choices of the space."""
        return dict(self._problem.grid.distributions)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """The next network of the batch; a new batch where it is used up."""
        with self._lock:
            others = [t for t in study.get_trials(deepcopy=False) if t.number != trial.number]
            if not self._batch:
                self._batch = self._next_batch(others).tolist()
            return self._problem.grid.params(self._batch.pop(0))

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Parameters that the space does not have: uniform."""
        return self._independent.sample_independent(study, trial, param_name, param_distribution)

    def reseed_rng(self) -> None:
        """Nothing to do: proposals depend on the seed and the study only."""

    def _next_batch(self, trials: Sequence[FrozenTrial]) -> IntArray:
        rng = np.random.default_rng([self._seed, len(trials)])
        grid = self._problem.grid
        rows = [row for row in (grid.row(trial.params) for trial in trials) if row is not None]
        taken = self._problem.canonical(np.array(rows, dtype=np.int64).reshape(len(rows), len(grid.names)))
        drawn = self._problem.canonical(moves.uniform(grid.counts, POOL, rng))
        drawn = drawn[self._problem.feasible(drawn)]
        known_keys = frozenset(row_keys(taken))
        pool = drawn[[key not in known_keys for key in row_keys(drawn)]]
        if len(pool) == 0:
            return moves.uniform(grid.counts, 1, rng)
        done = [trial for trial in trials if trial.state is TrialState.COMPLETE and grid.row(trial.params) is not None]
        at_random = pool[: BATCH // RANDOM_SHARE]
        if len(done) < FIRST or len(pool) <= BATCH:
            return pool[:BATCH]
        return np.concatenate([at_random, self._informative(done, pool[len(at_random) :])])

    def _informative(self, done: Sequence[FrozenTrial], pool: IntArray) -> IntArray:
        measured = np.array([self._problem.grid.row(trial.params) for trial in done], dtype=np.int64)
        networks = self._problem.networks(np.concatenate([self._problem.canonical(measured), pool]))
        latencies_ms = np.array([trial.values[0] for trial in done])
        count = len(done)
        known = Evidence(networks.some(np.arange(count)), latencies_ms, np.zeros(count))
        others = networks.some(np.arange(count, len(networks)))
        return pool[most_informative(known, others, BATCH - BATCH // RANDOM_SHARE)]
