"""What a study's trials say, as arrays."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from nas_service.search.predictor.arrays import BoolArray, FloatArray, IntArray
from nas_service.search.predictor.problem import Problem

FAR = 1e9
"""Stands for an infinite violation."""

RowOf = Callable[[FrozenTrial], Sequence[int] | None]


@dataclass(frozen=True, slots=True)
class Observations:
    """Trials of one study; all objectives are to be minimised."""

    rows: IntArray
    """Canonical rows (n, c) of the trials with finite values."""
    values: FloatArray
    """(n, m)."""
    violations: FloatArray
    """Of the constraints (n, k); <= 0 holds."""
    pending: IntArray
    """Canonical rows of trials that run or wait."""
    taken: IntArray
    """Canonical rows of all trials, failed ones included: never to be proposed again."""

    @property
    def feasible(self) -> BoolArray:
        """Which of the observed points keep all constraints, (n,)."""
        return np.asarray((self.violations <= 0).all(axis=1), bool)

    def with_evidence(self, other: "Observations") -> "Observations":
        """To learn from: these trials and those of another study, whose constraints are not ours."""
        violations = np.concatenate([self.violations, np.zeros((len(other.rows), self.violations.shape[1]))])
        rows, values = np.concatenate([self.rows, other.rows]), np.concatenate([self.values, other.values])
        return Observations(rows, values, violations, self.pending, self.taken)


def signs_of(directions: Iterable[StudyDirection]) -> FloatArray:
    """-1 for each objective that is to be maximised, else 1."""
    return np.array([-1.0 if direction is StudyDirection.MAXIMIZE else 1.0 for direction in directions])


def observe(problem: Problem, trials: Sequence[FrozenTrial], signs: FloatArray, row_of: RowOf) -> Observations:
    """Read trials; those with parameters outside of the problem's grid are left out."""
    placed = [(trial, row) for trial in trials if (row := row_of(trial)) is not None]
    width = len(problem.grid.names)
    taken = problem.canonical(np.array([row for _, row in placed], dtype=np.int64).reshape(-1, width))
    done = np.array([_is_observed(trial) for trial, _ in placed], bool)
    pending = np.array([trial.state in (TrialState.RUNNING, TrialState.WAITING) for trial, _ in placed], bool)
    observed = [trial for trial, _ in placed if _is_observed(trial)]
    values = np.array([trial.values for trial in observed], float).reshape(-1, len(signs))
    return Observations(taken[done], values * signs, _violations(observed), taken[pending], taken)


def _is_observed(trial: FrozenTrial) -> bool:
    return trial.state is TrialState.COMPLETE and bool(np.isfinite(trial.values).all())


def _violations(trials: Sequence[FrozenTrial]) -> FloatArray:
    """Where a trial lacks a constraint that others have, it counts as kept; infinite ones as far outside."""
    held = [trial.constraints for trial in trials]
    names = sorted({name for constraints in held for name in constraints})
    found = np.array([[constraints.get(name, 0.0) for name in names] for constraints in held], float)
    return np.asarray(np.clip(found.reshape(len(trials), len(names)), -FAR, FAR))
