"""What `rank_agreement.py` found: Kendall's tau of every ranking with the trainings, and what it adds to MACs."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt
from statistics import fmean
from typing import Any

import numpy as np
from rich.table import Table

from nas_service.domain.agreement import kendall_tau

RESAMPLES = 1000
CONFIDENCE = 0.9
BANDS = 3
FEWEST = 4
"""Networks of which a tau says anything."""


@dataclass(frozen=True)
class Ranking:
    """One way to rank; `scores` by row, None where there is none."""

    name: str
    scores: Sequence[float | None]

    def pairs(self, rows: Sequence[dict[str, Any]], places: Sequence[int]) -> list[tuple[float, float]]:
        """With the truth."""
        return [(s, rows[i]["truth"]) for i in places if (s := self.scores[i]) is not None]

    def tau(self, rows: Sequence[dict[str, Any]], places: Sequence[int]) -> float | None:
        pairs = self.pairs(rows, places)
        return kendall_tau(pairs) if len(pairs) >= FEWEST else None


def rankings(rows: Sequence[dict[str, Any]]) -> list[Ranking]:
    """All that any row has, MACs first; seeds last, each pair of them a ranking of one by the other."""
    names = dict.fromkeys(name for row in rows for name in row["scores"])
    return [Ranking(name, [row["scores"].get(name) for row in rows]) for name in names]


def figures(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """For each ranking tau and its interval, over all rows and parts of them, and by how much it beats MACs."""
    every = range(len(rows))
    draws = [np.random.default_rng(seed).integers(0, len(rows), len(rows)).tolist() for seed in range(RESAMPLES)]
    by_cost = sorted(every, key=lambda i: rows[i]["macs"])
    bands = [part.tolist() for part in np.array_split(by_cost, BANDS)]
    found = rankings(rows)
    macs = next(ranking for ranking in found if ranking.name == "MACs")
    macs_drawn = [macs.tau(rows, draw) for draw in draws]
    lines = []
    for ranking in found:
        drawn = [ranking.tau(rows, draw) for draw in draws]
        gains = [a - b for a, b in zip(drawn, macs_drawn, strict=True) if a is not None and b is not None]
        tau, macs_tau = ranking.tau(rows, every), macs.tau(rows, every)
        within = [t for band in bands if (t := ranking.tau(rows, band)) is not None]
        lines.append(
            {
                "ranking": ranking.name,
                "tau": tau,
                "interval": _interval([t for t in drawn if t is not None]),
                "gain_over_macs": None if tau is None or macs_tau is None else tau - macs_tau,
                "gain_interval": _interval(gains),
                "within_bands": fmean(within) if within else None,
                "partial": _partial(ranking, macs, rows),
            }
            | {f"tau_{part}": ranking.tau(rows, [i for i in every if rows[i]["drawn"] == part]) for part in PARTS}
        )
    return lines + [_of_seeds(rows, pair) for pair in combinations(range(max(len(r["scratch"]) for r in rows)), 2)]


PARTS = ("uniform", "spread")
"""How architectures were drawn: alike, or as many from each part of the range of log MACs."""


def _of_seeds(rows: Sequence[dict[str, Any]], pair: tuple[int, int]) -> dict[str, Any]:
    """How well one training foretells another."""
    pairs = [(r["scratch"][pair[0]], r["scratch"][pair[1]]) for r in rows if len(r["scratch"]) > max(pair)]
    rng = np.random.default_rng(0)
    drawn = [kendall_tau([pairs[i] for i in rng.integers(0, len(pairs), len(pairs))]) for _ in range(RESAMPLES)]
    return {
        "ranking": f"seed {pair[0]} against {pair[1]}",
        "tau": kendall_tau(pairs) if len(pairs) >= FEWEST else None,
        "interval": _interval([t for t in drawn if t is not None]),
    }


def _interval(values: list[float]) -> list[float] | None:
    outside = (1 - CONFIDENCE) / 2
    return np.quantile(values, [outside, 1 - outside]).tolist() if values else None


def _partial(ranking: Ranking, macs: Ranking, rows: Sequence[dict[str, Any]]) -> float | None:
    """Kendall's partial tau (Kendall, 1942): of a ranking with the truth, MACs held fixed."""
    every = range(len(rows))
    x_y, z_y = ranking.tau(rows, every), macs.tau(rows, every)
    pairs = [(x, z) for x, z in zip(ranking.scores, macs.scores, strict=True) if x is not None and z is not None]
    x_z = kendall_tau(pairs)
    if x_y is None or z_y is None or x_z is None or ranking is macs or abs(x_z) == 1 or abs(z_y) == 1:
        return None
    return (x_y - x_z * z_y) / sqrt((1 - x_z**2) * (1 - z_y**2))


def table_of(raw: dict[str, Any]) -> Table:
    """A line a ranking."""
    rows = raw["rows"]
    trainings = sum(len(row["scratch"]) for row in rows)
    title = (
        f"{len(rows)} networks, {trainings} trainings of {raw['epochs']} epochs, mean accuracy"
        f" {fmean(row['truth'] for row in rows):.3f} ({min(r['truth'] for r in rows):.3f}"
        f" to {max(r['truth'] for r in rows):.3f}), MACs {min(r['macs'] for r in rows):,}"
        f" to {max(r['macs'] for r in rows):,}"
    )
    heads = ("tau", "90 % interval", "over MACs", "90 % interval", "uniform", "spread", "in a tercile", "partial")
    table = Table("ranking", *heads, title=title)
    for line in raw["figures"]:
        table.add_row(
            line["ranking"],
            _number(line["tau"]),
            _range(line["interval"]),
            _number(line.get("gain_over_macs"), "+"),
            _range(line.get("gain_interval"), "+"),
            *(_number(line.get(name)) for name in ("tau_uniform", "tau_spread", "within_bands", "partial")),
        )
    return table


def costs_of(raw: dict[str, Any]) -> Table:
    """A line a supernet."""
    table = Table("supernet", "epochs", "seconds", "an evaluation, s", "largest", "smallest", "inherited", "settings")
    for title, found in raw["supernets"].items():
        last, judged = found["curve"][-1] if found["curve"] else {}, found["judged"].values()
        table.add_row(
            title,
            f"{found['epochs']} of {found['of_epochs']}",
            f"{found['duration_s']:.0f}",
            f"{np.median([j['evaluation_s'] for j in judged]):.2f}",
            _number(last.get("largest_accuracy")),
            _number(last.get("smallest_accuracy")),
            f"{fmean(j['accuracy'] for j in judged):.3f}",
            str(found["settings"]),
        )
    return table


def draw(raw: dict[str, Any]) -> Any:
    """The accuracy from scratch against that of each supernet, and the taus with their intervals."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 5), layout="constrained")
    left, right = figure.subplots(1, 2)
    rows = raw["rows"]
    for title, found in raw["supernets"].items():
        judged = found["judged"]
        left.scatter([r["truth"] for r in rows], [judged[r["key"]]["accuracy"] for r in rows], s=12, label=title)
    left.set_xlabel(f"accuracy from scratch, {raw['epochs']} epochs, mean of seeds")
    left.set_ylabel("accuracy inherited from the supernet")
    left.legend(fontsize=7)
    lines = [line for line in raw["figures"] if line["tau"] is not None][::-1]
    right.barh([line["ranking"] for line in lines], [line["tau"] for line in lines], color="tab:blue", alpha=0.6)
    for place, line in enumerate(lines):
        right.plot(line["interval"], [place, place], color="black", linewidth=1)
    right.set_xlabel("Kendall's tau, 90 % interval")
    right.tick_params(axis="y", labelsize=7)
    return figure


def _number(value: float | None, sign: str = "") -> str:
    return "" if value is None else f"{value:{sign}.2f}"


def _range(ends: Sequence[float] | None, sign: str = "") -> str:
    return f"{ends[0]:{sign}.2f} to {ends[1]:{sign}.2f}" if ends else ""
