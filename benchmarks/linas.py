"""LINAS as DyNAS-T 1.0 does it (Cummings et al., 2022), the peer of the `ofa_note10` benchmark.

Each round validates a population of 50, trains a predictor for each objective on everything so far (ridge or RBF
support vector regression, by cross-validated grid search), searches the predictors with 20,000 evaluations of NSGA-II,
and validates its final population next. As there: genes are one-hot without masking, a validated network may come
back, the inner search starts afresh with one seed. Given `latency`, it searches on exact latencies, in its favour.
"""

import warnings
from collections.abc import Callable

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.svm import SVR

POPULATION, INNER_EVALUATIONS = 50, 20_000
CROSSOVER, CROSSOVER_ETA, MUTATION, MUTATION_ETA = 0.9, 15.0, 0.02, 20.0
Rows = np.ndarray


def linas(
    evaluate: Callable[[Rows], np.ndarray],
    latency: Callable[[Rows], np.ndarray] | None,
    counts: np.ndarray,
    evaluations: int,
    seed: int,
) -> np.ndarray:
    """Objectives (evaluations, 2), both minimised, in the order of evaluation. `latency` where it is known."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, counts, (POPULATION, len(counts)))
    tried, found = rows, evaluate(rows)
    while len(found) < evaluations:
        _, first = np.unique(tried, axis=0, return_index=True)
        features = one_hot(tried[first], counts)
        accuracy = fit(features, found[first, 0])
        time = None if latency else fit(features, found[first, 1])

        def predicted(rows: Rows, accuracy=accuracy, time=time) -> np.ndarray:
            inputs = one_hot(rows, counts)
            return np.stack([accuracy(inputs), latency(rows) if time is None else time(inputs)], axis=1)

        rows = nsga2(predicted, counts, np.random.default_rng(seed))
        tried, found = np.concatenate([tried, rows]), np.concatenate([found, evaluate(rows)])
    return found[:evaluations]


def one_hot(rows: Rows, counts: np.ndarray) -> np.ndarray:
    """Every gene counts, also those of blocks that are not there."""
    return np.concatenate([np.eye(count)[rows[:, i]] for i, count in enumerate(counts)], axis=1)


def fit(features: np.ndarray, values: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """The better of two regressions by cross-validated relative error; labels scaled by a power of ten."""
    scale = 10.0 ** -np.floor(np.log10(np.abs(values).max()))
    grids = (
        (Ridge(), {"alpha": np.linspace(0.1, 10, 100)}),
        (SVR(kernel="rbf", gamma="auto", epsilon=0.0), {"C": np.linspace(1, 100, 10)}),
    )
    best = None
    for model, grid in grids:
        search = GridSearchCV(model, grid, scoring="neg_mean_absolute_percentage_error")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            search.fit(features, values * scale)
        if best is None or search.best_score_ > best.best_score_:
            best = search
    return lambda inputs: best.predict(inputs) / scale


def nsga2(evaluate: Callable[[Rows], np.ndarray], counts: np.ndarray, rng: np.random.Generator) -> Rows:
    """NSGA-II (Deb et al., 2002) on integer genes: binary tournaments, SBX, polynomial mutation, rounding repair."""
    rows = rng.integers(0, counts, (POPULATION, len(counts)))
    values = evaluate(rows)
    for _ in range(INNER_EVALUATIONS // POPULATION - 1):
        order = survival_order(values)
        place = np.empty(len(order), int)
        place[order] = np.arange(len(order))
        duels = rng.integers(0, POPULATION, (2, POPULATION))
        parents = rows[np.where(place[duels[0]] < place[duels[1]], duels[0], duels[1])]
        children = mutated(crossed(parents.astype(float), counts, rng), counts, rng)
        rows, values = np.concatenate([rows, children]), np.concatenate([values, evaluate(children)])
        kept = survival_order(values)[:POPULATION]
        rows, values = rows[kept], values[kept]
    return rows


def survival_order(values: np.ndarray) -> np.ndarray:
    """Places from best to worst: by non-domination rank, then by crowding distance."""
    better = (values[:, None] <= values[None]).all(2) & (values[:, None] < values[None]).any(2)
    rank, alive = np.zeros(len(values), int), np.ones(len(values), bool)
    crowding = np.zeros(len(values))
    for level in range(len(values)):
        front = np.flatnonzero(alive & ~better[alive].any(0))
        if len(front) == 0:
            break
        rank[front], alive[front] = level, False
        for column in values[front].T:
            order = np.argsort(column)
            gaps = np.full(len(front), np.inf)
            gaps[order[1:-1]] = (column[order[2:]] - column[order[:-2]]) / max(np.ptp(column), 1e-12)
            crowding[front] += gaps
    return np.lexsort((-crowding, rank))


def crossed(parents: np.ndarray, counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Simulated binary crossover of consecutive pairs."""
    first, second = parents[::2], parents[1::2]
    u = rng.random(first.shape)
    spread = np.where(u <= 0.5, 2 * u, 1 / (2 * (1 - u))) ** (1 / (CROSSOVER_ETA + 1))
    mixed = (rng.random((len(first), 1)) < CROSSOVER) & (rng.random(first.shape) < 0.5)
    low, high = (1 + spread) * first + (1 - spread) * second, (1 - spread) * first + (1 + spread) * second
    swap = rng.random(first.shape) < 0.5
    children = np.concatenate(
        [np.where(mixed, np.where(swap, high, low) / 2, first), np.where(mixed, np.where(swap, low, high) / 2, second)]
    )
    return np.clip(children, 0, counts - 1)


def mutated(rows: np.ndarray, counts: np.ndarray, rng: np.random.Generator) -> Rows:
    """Polynomial mutation, then rounding."""
    u = rng.random(rows.shape)
    step = np.where(u < 0.5, (2 * u) ** (1 / (MUTATION_ETA + 1)) - 1, 1 - (2 * (1 - u)) ** (1 / (MUTATION_ETA + 1)))
    moved = rows + np.where(rng.random(rows.shape) < MUTATION, step * (counts - 1), 0.0)
    return np.clip(np.rint(moved), 0, counts - 1).astype(int)
