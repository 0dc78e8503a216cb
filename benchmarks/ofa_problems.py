"""Two search problems on the Once-for-All MobileNetV3 space: published data, and a synthetic one with interactions."""

import importlib.util
import sys
from abc import ABC, abstractmethod
from pathlib import Path

import numpy as np

import search_spaces
from nas_service.search.space_problem import SpaceProblem

SPACE = search_spaces.get("ofa_mobilenetv3", preset="w1.2")
INPUT = search_spaces.NetworkInput(channels=3, class_count=1000)
COUNTS = np.array([len(choice.options) for choice in SPACE.choices])
SAMPLES = 4000


class SearchProblem(ABC):
    """Error (costly) and a cost (known), both minimised; rows are option numbers of the space's choices."""

    name: str
    reference: np.ndarray

    @abstractmethod
    def error(self, rows: np.ndarray) -> np.ndarray:
        """(n,) for rows (n, 46)."""

    @abstractmethod
    def cost(self, rows: np.ndarray) -> np.ndarray:
        """(n,)."""

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """Both, (n, 2)."""
        return np.stack([self.error(rows), self.cost(rows)], axis=1)

    def for_sampler(self) -> SpaceProblem:
        """As the predictor sampler sees it: the cost is known."""
        return SpaceProblem(SPACE, INPUT, known={1: self.cost})

    def hypervolume(self, points: np.ndarray) -> float:
        """Below the reference point."""
        points, area, best = points[(points < self.reference).all(1)], 0.0, self.reference[0]
        for error, cost in points[np.lexsort((points[:, 0], points[:, 1]))]:
            if error < best:
                area += (best - error) * (self.reference[1] - cost)
                best = error
        return float(area)


class Note10(SearchProblem):
    """The published accuracy predictor and phone latencies, read from a folder with `problem.py` and its files."""

    name = "OFA on a Note10"

    def __init__(self, folder: Path) -> None:
        spec = importlib.util.spec_from_file_location("ofa_note10_problem", folder / "problem.py")
        if spec is None or spec.loader is None or not (folder / "problem.py").exists():
            sys.exit(f"--data: {folder} has no problem.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self._published = module.OfaNote10(folder)
        self.reference = module.REFERENCE
        names = [
            f"stage{s}_block{b}_{kind}" for kind in ("kernel", "expansion") for s in range(1, 6) for b in range(1, 5)
        ]
        names += [f"stage{s}_depth" for s in range(1, 6)] + ["resolution"]
        columns = [choice.name for choice in SPACE.choices]
        self._columns = [columns.index(name) for name in names]

    def error(self, rows: np.ndarray) -> np.ndarray:
        """1 - predicted ImageNet top-1."""
        return self._values(rows)[:, 0]

    def cost(self, rows: np.ndarray) -> np.ndarray:
        """Latency in ms."""
        return self._values(rows)[:, 1]

    def _values(self, rows: np.ndarray) -> np.ndarray:
        return self._published(np.maximum(rows, 0)[:, self._columns]).astype(float)


class Interactions(SearchProblem):
    """Error falls with random effects of options and of pairs of neighbouring choices, and saturates; cost is MACs.

    Made without a look at the other problem: it checks that what was tuned there is not a property of that data.
    """

    name = "synthetic, with interactions"
    _SEED = 2024

    def __init__(self) -> None:
        rng = np.random.default_rng(self._SEED)
        width = int(COUNTS.sum())
        rising = np.concatenate([np.sort(rng.normal(0, 1, count)) for count in COUNTS])
        self._single = rising + 0.5 * rng.normal(0, 1, width)
        near = np.abs(np.subtract.outer(*[np.repeat(np.arange(len(COUNTS)), COUNTS)] * 2)) <= 8
        self._pairs = 0.25 * near * rng.normal(0, 1, (width, width))
        rows = rng.integers(0, COUNTS, (SAMPLES, len(COUNTS)))
        scores = self._score(rows)
        self._middle, self._scale = scores.mean(), scores.std()
        error, cost = self(rows).T
        self.reference = np.array([np.quantile(error, 0.9), np.quantile(cost, 0.99)])

    def error(self, rows: np.ndarray) -> np.ndarray:
        """A logistic function of the score."""
        return 0.1 + 0.4 / (1 + np.exp((self._score(rows) - self._middle) / (2 * self._scale)))

    def cost(self, rows: np.ndarray) -> np.ndarray:
        """Millions of MACs."""
        return SPACE.cost(SPACE.canonical_indices(rows), INPUT).macs / 1e6

    def _score(self, rows: np.ndarray) -> np.ndarray:
        hot = self._one_hot(SPACE.canonical_indices(rows))
        return hot @ self._single + np.einsum("ni,ni->n", hot @ self._pairs, hot)

    def _one_hot(self, rows: np.ndarray) -> np.ndarray:
        return np.concatenate([rows[:, [i]] == np.arange(count) for i, count in enumerate(COUNTS)], axis=1).astype(
            float
        )
