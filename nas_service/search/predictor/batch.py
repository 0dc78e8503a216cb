"""Which points to try next."""

from dataclasses import dataclass

import numpy as np

from nas_service.search.predictor.acquisition import boxes, expected_gain, non_dominated
from nas_service.search.predictor.arrays import BoolArray, FloatArray, IntArray
from nas_service.search.predictor.candidates import Candidates
from nas_service.search.predictor.evolution import STRANGERS, Scored, evolve
from nas_service.search.predictor.observations import Observations
from nas_service.search.predictor.outlook import MAX_LEARNED_FROM, Outlook
from nas_service.search.predictor.problem import Problem
from nas_service.search.predictor.spread import spread, spread_pool

MIN_OBSERVATIONS = 4
"""Fewer say nothing that a predictor could use."""
MARGIN = 0.1
"""A reference point that nobody gave lies this share of the front's range beyond the front."""


@dataclass(slots=True)
class BatchPlanner:
    """Chooses batches for one problem. What it draws depends on `seed`, the batch's number and the observations."""

    problem: Problem
    signs: FloatArray
    reference: FloatArray | None
    """Minimised; the hypervolume counts below it. By default it follows the front."""
    seed: int
    _pool: IntArray | None = None

    def first(self, seen: Observations, number: int, batch: int) -> IntArray:
        """Spread over the range of a known cost. Empty where nothing new and feasible is left (or found)."""
        candidates = Candidates(self.problem, seen.taken)
        pool = self._strangers(candidates)
        if self.reference is not None and len(pool):
            known = self.problem.known(pool)
            below = [self.signs[j] * values < self.reference[j] for j, values in known.items()]
            inside = np.logical_and.reduce(below) if below else np.ones(len(pool), bool)
            pool = pool[inside] if inside.any() else pool
        return spread(candidates, pool, number, self._rng(batch))

    def next(self, seen: Observations, evidence: Observations, number: int, batch: int) -> IntArray:
        """By expected hypervolume gain over what was `seen`, one after another, learned from `evidence`.

        Empty where nothing new and feasible is left (or found).
        """
        rng = self._rng(batch)
        outlook = Outlook.learn(self.problem, evidence, self.signs, _most_telling(evidence, rng))
        kept = seen.values[seen.feasible]
        front = kept[non_dominated(kept)]
        reference = self._reference(front if len(front) else evidence.values)
        points = np.concatenate([front, outlook.expect(seen.pending).mean]) if len(seen.pending) else front
        candidates = Candidates(self.problem, seen.taken)
        parents = self._parents(evidence, self._strangers(candidates), rng)
        pool = evolve(outlook, boxes(points, reference), candidates, parents, rng)
        return _greedy(outlook, pool, points, reference, number)

    def _rng(self, batch: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, batch])

    def _strangers(self, candidates: Candidates) -> IntArray:
        """Points drawn without regard to observations: the same in every batch, as far as they are still new."""
        if self._pool is None:
            nothing = self.problem.canonical(np.empty((0, len(self.problem.grid.names)), np.int64))
            self._pool = spread_pool(Candidates(self.problem, nothing), np.random.default_rng(self.seed))
        return candidates.admit(self._pool)

    def _reference(self, points: FloatArray) -> FloatArray:
        if self.reference is not None:
            return self.reference
        worst, best = points.max(axis=0), points.min(axis=0)
        beyond: FloatArray = worst + np.where(worst > best, MARGIN * (worst - best), MARGIN * np.abs(worst) + 1e-9)
        return beyond

    def _parents(self, evidence: Observations, strangers: IntArray, rng: np.random.Generator) -> IntArray:
        kept = np.flatnonzero(evidence.feasible) if evidence.feasible.any() else np.arange(len(evidence.rows))
        front = evidence.rows[kept][non_dominated(evidence.values[kept])]
        some = strangers[rng.integers(0, len(strangers), STRANGERS)] if len(strangers) else strangers
        return np.concatenate([np.repeat(front, max(1, STRANGERS // len(front)), axis=0), some])


def _most_telling(seen: Observations, rng: np.random.Generator) -> BoolArray:
    """All observations, or of too many half from the best fronts, and half at random."""
    chosen = np.zeros(len(seen.rows), bool)
    if len(chosen) <= MAX_LEARNED_FROM:
        return ~chosen
    for _ in range(len(chosen)):
        left = np.flatnonzero(~chosen)
        chosen[left[non_dominated(seen.values[left])]] = True
        if chosen.sum() >= MAX_LEARNED_FROM // 2:
            break
    left = np.flatnonzero(~chosen)
    chosen[rng.choice(left, max(0, min(len(left), MAX_LEARNED_FROM - int(chosen.sum()))), replace=False)] = True
    return chosen


def _greedy(outlook: Outlook, pool: Scored, points: FloatArray, reference: FloatArray, number: int) -> IntArray:
    """One point after another, each time as if the chosen ones had turned out as expected."""
    beliefs = outlook.beliefs(pool.rows)
    sd = pool.expected.sd.copy()
    free = np.ones(len(pool.rows), bool)
    chosen = []
    for _ in range(min(number, len(pool.rows))):
        gain = pool.expected.chance * expected_gain(pool.expected.mean, sd, *boxes(points, reference))
        place = int(np.argmax(np.where(free, gain, -1.0)))
        chosen.append(place)
        free[place] = False
        points = np.concatenate([points, pool.expected.mean[[place]]])
        for j, belief in beliefs.items():
            belief.choose(place)
            sd[:, j] = belief.sd
    return pool.rows[chosen]
