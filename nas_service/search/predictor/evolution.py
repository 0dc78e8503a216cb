"""The inner search: evolves thousands of points on the predictors and keeps those that promise most."""

from dataclasses import dataclass

import numpy as np

from nas_service.search.predictor import moves
from nas_service.search.predictor.acquisition import expected_gain, non_dominated
from nas_service.search.predictor.arrays import BoolArray, FloatArray, IntArray, row_keys
from nas_service.search.predictor.candidates import Candidates
from nas_service.search.predictor.outlook import Expectation, Outlook

GENERATIONS = 10
CHILDREN = 300
"""Of each kind (crossed and mutated, mutated only) a generation."""
NICHES, ELITES = 20, 20
"""Parents are the best `ELITES` in each of `NICHES` equal shares of the population along one objective."""
CHANGE = 0.02
STRANGERS = 200


@dataclass(frozen=True, slots=True)
class Scored:
    """Canonical rows with what is expected of them."""

    rows: IntArray
    expected: Expectation
    gain: FloatArray

    def take(self, places: IntArray) -> "Scored":
        """Some of them."""
        e = self.expected
        return Scored(self.rows[places], Expectation(e.mean[places], e.sd[places], e.chance[places]), self.gain[places])

    def join(self, other: "Scored") -> "Scored":
        """These and the others."""
        a, b = self.expected, other.expected
        expected = Expectation(
            np.concatenate([a.mean, b.mean]), np.concatenate([a.sd, b.sd]), np.concatenate([a.chance, b.chance])
        )
        return Scored(np.concatenate([self.rows, other.rows]), expected, np.concatenate([self.gain, other.gain]))


Boxes = tuple[FloatArray, FloatArray]


def score(outlook: Outlook, boxes: Boxes, rows: IntArray) -> Scored:
    """Expected hypervolume gain times the chance to be feasible."""
    expected = outlook.expect(rows)
    return Scored(rows, expected, expected.chance * expected_gain(expected.mean, expected.sd, *boxes))


def evolve(
    outlook: Outlook, boxes: Boxes, candidates: Candidates, parents: IntArray, rng: np.random.Generator
) -> Scored:
    """The last generation's elites, seeded from `parents`: the front so far, and strangers."""
    small = candidates.everything()
    if small is not None:
        whole = score(outlook, boxes, small)
        return whole.take(_elites(outlook, whole))
    population = score(outlook, boxes, candidates.admit(_offspring(candidates, parents, rng)))
    for _ in range(GENERATIONS):
        if len(population.rows) == 0:
            break
        elites = population.take(_elites(outlook, population))
        children = candidates.admit(np.concatenate([elites.rows, _offspring(candidates, elites.rows, rng)]))
        population = elites.join(score(outlook, boxes, children[~_known_in(children, elites.rows)]))
    return population.take(_elites(outlook, population))


def _offspring(candidates: Candidates, parents: IntArray, rng: np.random.Generator) -> IntArray:
    crossed = moves.cross(parents, CHILDREN, rng)
    chosen = parents[rng.integers(0, len(parents), CHILDREN)]
    return moves.mutate(np.concatenate([crossed, chosen]), candidates.problem.grid.counts, CHANGE, rng)


def _elites(outlook: Outlook, population: Scored) -> IntArray:
    """Of every niche the best, and what no other point dominates if it turns out well."""
    known = outlook.problem.known(population.rows[:1])
    along = population.expected.mean[:, min(known, default=-1)]
    niches = np.array_split(np.argsort(along, kind="stable"), NICHES)
    best = [niche[np.argsort(-population.gain[niche], kind="stable")[:ELITES]] for niche in niches]
    hopeful = non_dominated(population.expected.mean - population.expected.sd)
    return np.unique(np.concatenate([*best, np.flatnonzero(hopeful)]))


def _known_in(rows: IntArray, others: IntArray) -> BoolArray:
    known = frozenset(row_keys(others))
    return np.array([key in known for key in row_keys(rows)], bool)
