"""Fronts of many candidates: who is not dominated, how much they dominate, and how likely each is on the front.

Beside Optuna's own functions for the first two, interleaved and by the fastest of several repeats. Two populations:
`cloud`, as a search leaves it, and `shell`, where no candidate dominates another: the hardest there is.
"""

import time
from argparse import Namespace
from collections.abc import Callable
from typing import Any

import numpy as np
from optuna._hypervolume import compute_hypervolume
from optuna.study._multi_objective import _is_pareto_front
from rich.table import Table

from benchmarks.common import Bar, Findings, options, publish
from nas_service.domain.front import FloatArray, non_dominated, undominated
from nas_service.domain.hypervolume import hypervolume
from nas_service.domain.noisy_front import NoisyFront

COUNT = 10_000
SHELL = {2: 1000, 3: 300, 4: 60}
"""Points of a shell whose hypervolume is taken: more take Optuna, too, seconds in four objectives."""
SHELL_COUNT, SHELL_IN_DOUBT = 2000, 500
"""Every one of them may be on the front."""
NOISE = {"1 %": 0.01, "5 %": 0.05}
"""Half-widths of 95 % intervals, as shares of the values' range."""


def population(kind: str, count: int, objectives: int) -> FloatArray:
    """Losses (count, objectives) in [0, 1]."""
    rng = np.random.default_rng(0)
    losses: FloatArray = rng.uniform(0.01, 1.0, (count, objectives))
    if kind == "shell":
        losses = 1 - losses / np.linalg.norm(losses, axis=1, keepdims=True)
    return losses


def fastest_ms(contestants: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Of each contestant, in turns."""
    found = dict.fromkeys(contestants, float("inf"))
    for _ in range(repeats):
        for name, run in contestants.items():
            began = time.perf_counter()
            run()
            found[name] = min(found[name], 1e3 * (time.perf_counter() - began))
    return found


def of_fronts(count: int, repeats: int) -> list[dict[str, Any]]:
    """Who is not dominated: as floats in an array, and as the service has them, tuples."""
    rows = []
    for kind in ("cloud", "shell"):
        for objectives in (2, 3, 4):
            losses = population(kind, count if kind == "cloud" else SHELL_COUNT, objectives)
            points, down = [tuple(row) for row in losses.tolist()], (False,) * objectives
            expected = _is_pareto_front(losses, assume_unique_lexsorted=False)
            assert (undominated(losses) == expected).all()
            took_ms = fastest_ms(
                {
                    "ours": lambda losses=losses: undominated(losses),
                    "ours, from tuples": lambda points=points, down=down: non_dominated(points, down),
                    "optuna": lambda losses=losses: _is_pareto_front(losses, assume_unique_lexsorted=False),
                },
                repeats,
            )
            what, size = f"front, {kind}", int(expected.sum())
            rows.append({"what": what, "objectives": objectives, "points": len(losses), "front": size} | took_ms)
    return rows


def of_volumes(repeats: int) -> list[dict[str, Any]]:
    """The hypervolume of a whole front."""
    rows = []
    for objectives, count in SHELL.items():
        losses = population("shell", count, objectives)
        points, reference = [tuple(row) for row in losses.tolist()], (1.1,) * objectives
        expected = compute_hypervolume(losses, np.array(reference), assume_pareto=True)
        assert np.isclose(hypervolume(points, reference, (False,) * objectives), expected)
        took_ms = fastest_ms(
            {
                "ours": lambda p=points, r=reference, m=objectives: hypervolume(p, r, (False,) * m),
                "optuna": lambda p=losses, r=np.array(reference): compute_hypervolume(p, r, assume_pareto=True),
            },
            repeats,
        )
        rows.append({"what": "hypervolume", "objectives": objectives, "points": count, "front": count} | took_ms)
    return rows


def of_chances(count: int, repeats: int) -> list[dict[str, Any]]:
    """The probability of being on the front, of every candidate; nobody else gives one."""
    rows = []
    for kind in ("cloud", "shell"):
        for noise, half in NOISE.items():
            for objectives in (2, 3):
                losses = population(kind, count if kind == "cloud" else SHELL_IN_DOUBT, objectives)
                front = NoisyFront(losses, losses - half, losses + half)
                took_ms = fastest_ms({"ours": front.chances}, repeats)
                size = int((front.chances() > 0).sum())
                what = f"probabilities, {kind}, noise {noise}"
                rows.append({"what": what, "objectives": objectives, "points": len(losses), "front": size} | took_ms)
    return rows


def table_of(rows: list[dict[str, Any]]) -> Table:
    """One line a case; the ratio is Optuna's time over ours."""
    table = Table("what", "objectives", "candidates", "on it", "ours, ms", "Optuna, ms", "ratio")
    for row in rows:
        peer = (f"{row['optuna']:.2f}", f"{row['optuna'] / row['ours']:.2f}") if "optuna" in row else ("", "")
        cells = (str(row[name]) for name in ("objectives", "points", "front"))
        table.add_row(row["what"], *cells, f"{row['ours']:.2f}", *peer)
    return table


def bars_of(rows: list[dict[str, Any]]) -> list[Bar]:
    """What a page that shows 10,000 candidates can wait for."""
    clouds = [row for row in rows if row["what"] == "front, cloud"]
    slowest = max(row["ours, from tuples"] for row in clouds)
    chances = max(row["ours"] for row in rows if row["what"].startswith("probabilities, cloud"))
    return [
        Bar("front of 10,000 candidates, up to 4 objectives, ms", slowest, 50, at_most=True),
        Bar("probabilities of 10,000 candidates, ms", chances, 1000, at_most=True),
    ]


def draw(raw: list[dict[str, Any]]) -> Any:
    """Milliseconds of each case."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 0.35 * len(raw) + 1))
    axes = figure.add_subplot(xlabel="ms", xscale="log")
    names = [f"{row['what']}, {row['objectives']} objectives" for row in raw]
    axes.barh(names, [row["ours"] for row in raw], height=0.4, align="edge", label="ours")
    peers = [(i, row["optuna"]) for i, row in enumerate(raw) if "optuna" in row]
    axes.barh([i for i, _ in peers], [ms for _, ms in peers], height=-0.4, align="edge", label="Optuna")
    axes.invert_yaxis()
    axes.legend()
    return figure


def main(chosen: Namespace) -> None:
    """Every case."""
    repeats = 3 if chosen.quick else 15
    rows = [*of_fronts(COUNT, repeats), *of_volumes(repeats), *of_chances(COUNT, max(1, repeats // 3))]
    publish(Findings("fronts", rows, bars_of(rows), table_of(rows), ("numpy", "optuna")), chosen, draw)


if __name__ == "__main__":
    main(options(__doc__.splitlines()[0]))
