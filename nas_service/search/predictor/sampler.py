"""The Optuna sampler."""

from collections.abc import Sequence
from threading import Lock
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from nas_service.search.predictor import moves
from nas_service.search.predictor.arrays import FloatArray, IntArray, row_keys
from nas_service.search.predictor.batch import MIN_OBSERVATIONS, BatchPlanner
from nas_service.search.predictor.observations import Observations, observe, signs_of
from nas_service.search.predictor.problem import Problem
from nas_service.search.predictor.spread import by_cost

BATCH_SIZE = 8
FIRST_BATCH = 10
_BATCH = "predictor:batch:"
_FIXED = "fixed_params"
"""Where Optuna keeps the parameters of a trial that was enqueued."""


class PredictorSampler(BaseSampler):
    """Proposes where an ensemble of predictors expects the largest gain of hypervolume.

    For few, costly trials (tens to a thousand) of a finite space with one to six objectives, some of which may be
    known functions. A point that any trial of the study had is never proposed again while others are left. Batches
    are kept in the study, so that a sampler made anew with the same seed goes on with the same proposals.

    Example::

        space = {"depth": IntDistribution(2, 4), "kernel": CategoricalDistribution((3, 5, 7))}
        study = optuna.create_study(sampler=PredictorSampler(PlainProblem(space), seed=0), directions=...)
        trial = study.ask(space)
    """

    def __init__(
        self,
        problem: Problem,
        seed: int | None = None,
        reference_point: Sequence[float] | None = None,
        batch_size: int = BATCH_SIZE,
        earlier: Sequence[FrozenTrial] = (),
        cheapest_first: bool = False,
    ) -> None:
        """`reference_point`, in the study's own units, bounds what counts as gain; by default it follows the front.
        `earlier` are complete trials of the same objectives from elsewhere: learned from, but not part of the front.
        `cheapest_first` hands out the first batch by rising cost, for studies that count the time of their trials.
        """
        self._problem = problem
        self._seed = int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else seed
        self._reference_point = reference_point
        self._batch_size = batch_size
        self._earlier = list(earlier)
        self._cheapest_first = cheapest_first
        self._independent = RandomSampler(seed=self._seed)
        self._handed_out: dict[int, list[int]] = {}
        self._planner: BatchPlanner | None = None
        self._lock = Lock()

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """All parameters of the problem."""
        return dict(self._problem.grid.distributions)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """The next point of the batch; a new batch where it is used up. Nothing for a trial that was given its point:
        that is no reason to plan what comes after it."""
        if _FIXED in trial.system_attrs:
            return {}
        with self._lock:
            signs = signs_of(study.directions)
            others = [t for t in study.get_trials(deepcopy=False) if t.number != trial.number]
            seen = observe(self._problem, others, signs, self._row_of)
            row = self._next_row(study, seen, signs)
            self._handed_out[trial.number] = row
        return self._problem.grid.params(row)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Parameters that the problem does not have: uniform."""
        return self._independent.sample_independent(study, trial, param_name, param_distribution)

    def reseed_rng(self) -> None:
        """Nothing to do: proposals depend on the seed and the study only."""

    def _row_of(self, trial: FrozenTrial) -> Sequence[int] | None:
        """A trial that another thread has just asked for has no parameters yet."""
        row = self._problem.grid.row(trial.params)
        if row is None and trial.state is TrialState.RUNNING:
            return self._handed_out.get(trial.number)
        return row

    def _next_row(self, study: Study, seen: Observations, signs: FloatArray) -> list[int]:
        attrs = study._storage.get_study_system_attrs(study._study_id)
        number = sum(key.startswith(_BATCH) for key in attrs)
        taken = frozenset(row_keys(seen.taken))
        for row in attrs[f"{_BATCH}{number - 1}"] if number else []:
            if row_keys(np.array([row]))[0] not in taken:
                return list(row)
        batch = self._plan(seen, signs, number).tolist()
        if not batch:
            rng = np.random.default_rng([self._seed, number])
            anything: list[int] = moves.uniform(self._problem.grid.counts, 1, rng)[0].tolist()
            return anything
        study._storage.set_study_system_attr(study._study_id, f"{_BATCH}{number}", batch)
        first: list[int] = batch[0]
        return first

    def _plan(self, seen: Observations, signs: FloatArray, number: int) -> IntArray:
        if self._planner is None:
            reference = None if self._reference_point is None else signs * np.array(self._reference_point)
            self._planner = BatchPlanner(self._problem, signs, reference, self._seed)
        evidence = seen.with_evidence(observe(self._problem, self._earlier, signs, self._row_of))
        if len(evidence.rows) < MIN_OBSERVATIONS:
            first = self._planner.first(seen, self._batch_size if number else FIRST_BATCH, number)
            return by_cost(self._problem, first) if self._cheapest_first else first
        return self._planner.next(seen, evidence, self._batch_size, number)
