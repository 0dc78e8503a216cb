"""What the rounds of `latency.py` say: how far figures repeat, and whether they are true.

A round is one repetition of every network under one condition: of each network our timings, and the figures of others.
"""

import statistics
from typing import Any

import numpy as np
from common import Bar
from rich.table import Table

from nas_service.domain.timings import location_of

CONDITIONS = ("idle", "loaded")
PEERS = ("timeit", "dynas_t", "nn_meter")
OURS, FIRST = "ours", "first timing"
TYPICAL_BAR, WORST_BAR, GAIN_BAR, TRUTH_BAR = 1.0, 2.0, 5.0, 2.0
QUIET_QUANTILE = 0.25
RESAMPLES = 2_000


def ratios(timing: dict[str, Any]) -> list[float]:
    """Of our timings: whatever unit they are told in."""
    return [own["reference_ratio"] for own in timing["ours"]]


def all_ours(rounds: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [own for round_ in rounds for timing in round_["timings"] for own in timing["ours"]]


def baselines(rounds: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The versions of the host's baseline that the measurements were told in, oldest first."""
    found = [own["baseline"] for own in all_ours(rounds)]
    return sorted({one["version"]: one for one in found}.values(), key=lambda one: int(one["version"]))


def series(rounds: list[dict[str, Any]], condition: str, method: str) -> dict[str, list[float]]:
    """By network the figures of a method, one a repetition; ours all in the host's last baseline."""
    unit_ms = baselines(rounds)[-1]["reference_ms"]
    by_network: dict[str, list[float]] = {}
    for round_ in rounds:
        for timing in round_["timings"] if round_["condition"] == condition else ():
            own = {OURS: location_of(ratios(timing)) * unit_ms, FIRST: ratios(timing)[0] * unit_ms}
            by_network.setdefault(timing["network"], []).append(own[method] if method in own else timing[method])
    return by_network


def variation_percent(times: list[float]) -> float:
    return 100 * statistics.stdev(times) / statistics.mean(times)


def repeatability(rounds: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each condition and method the coefficient of variation: median and worst network."""
    rows = []
    for condition in CONDITIONS:
        for method in (OURS, FIRST, *PEERS):
            of = {name: variation_percent(times) for name, times in series(rounds, condition, method).items()}
            typical, worst = statistics.median(of.values()), max(of, key=lambda name: of[name])
            row = {"condition": condition, "method": method, "median_percent": typical, "worst_percent": of[worst]}
            rows.append(row | {"worst_network": worst, "by_network": of})
    return rows


def truth(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Our figure against the loop's over the idle repetitions, and the slope of their difference in size.

    No core of a shared machine is quiet all the time, and a loop takes along whatever disturbs it: so the loop's figure
    is the lower quartile over the repetitions. So is ours: what varies more would else read slower by that alone.
    The slope is in percent a decade of latency, with a 95 % bootstrap interval over networks.
    """
    own_ms, loop_ms = (
        {name: float(np.quantile(times, QUIET_QUANTILE)) for name, times in series(rounds, "idle", method).items()}
        for method in (OURS, "loop")
    )
    off = {name: 100 * (own_ms[name] / loop_ms[name] - 1) for name in loop_ms}
    decades, offs = np.log10(list(loop_ms.values())), np.asarray(list(off.values()))
    rng = np.random.default_rng(0)
    draws = [rng.integers(len(offs), size=len(offs)) for _ in range(RESAMPLES)]
    slopes = [np.polyfit(decades[draw], offs[draw], 1)[0] for draw in draws if len(set(draw)) > 2]
    low, high = np.quantile(slopes, [0.025, 0.975])
    return {
        "off_percent": off,
        "loop_ms": loop_ms,
        "median_off_percent": statistics.median(off.values()),
        "median_absolute_off_percent": statistics.median(map(abs, off.values())),
        "slope_percent_a_decade": float(np.polyfit(decades, offs, 1)[0]),
        "slope_low": float(low),
        "slope_high": float(high),
    }


def cost(rounds: list[dict[str, Any]]) -> dict[str, float]:
    """Of one measurement, medians."""
    own, networks = all_ours(rounds), sum(len(round_["timings"]) for round_ in rounds)
    return {
        "wall_s": statistics.median(found["wall_s"] for found in own),
        "held_s": statistics.median(found["held_s"] for found in own),
        "noisy_percent": 100 * statistics.mean(found["noisy"] for found in own),
        "baselines": len(baselines(rounds)),
        "retried_percent": 100 * statistics.mean(found["retries"] > 0 for found in own),
        "timings": len(own) / networks,
    }


def bars(rows: list[dict[str, Any]], true: dict[str, Any]) -> list[Bar]:
    by = {(row["condition"], row["method"]): row for row in rows}
    found = []
    for condition in CONDITIONS:
        own = by[condition, OURS]
        found.append(Bar(f"{condition}: variation of the median network, %", own["median_percent"], TYPICAL_BAR, True))
        found.append(Bar(f"{condition}: variation of the worst network, %", own["worst_percent"], WORST_BAR, True))
    for peer in PEERS:
        gain = by["loaded", peer]["median_percent"] / by["loaded", OURS]["median_percent"]
        found.append(Bar(f"loaded: times less variation than {peer}", gain, GAIN_BAR))
    found.append(Bar("truth: median difference from the loop, %", true["median_absolute_off_percent"], TRUTH_BAR, True))
    outside = max(true["slope_low"], -true["slope_high"], 0.0)
    found.append(Bar("truth: distance of a slope of 0 from its interval, % a decade", outside, 0.0, True))
    return found


def table(rows: list[dict[str, Any]], true: dict[str, Any], spent: dict[str, float]) -> Table:
    caption = (
        f"difference from the loop: {true['median_off_percent']:+.2f} % in the median network, slope "
        f"{true['slope_percent_a_decade']:+.2f} % a decade ({true['slope_low']:+.2f} to {true['slope_high']:+.2f}); "
        f"one measurement takes {spent['wall_s']:.1f} s and holds the host for {spent['held_s']:.1f} s; "
        f"{spent['timings']:.1f} make a figure; {spent['retried_percent']:.0f} % were repeated, "
        f"{spent['noisy_percent']:.0f} % stayed noisy; "
        f"{spent['baselines']} versions of the baseline, told in the last one"
    )
    shown = Table(title="Coefficient of variation over repetitions, %", caption=caption)
    for column in ("core", "figure"):
        shown.add_column(column)
    for column in ("median network", "worst network", ""):
        shown.add_column(column, justify="right")
    for row in rows:
        figures = [f"{row['median_percent']:.2f}", f"{row['worst_percent']:.2f}", row["worst_network"]]
        shown.add_row(row["condition"], row["method"], *figures)
    return shown


def draw(raw: dict[str, Any]) -> Any:
    """Left: every network's variation by method and condition. Right: our figure against the loop's, by size."""
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(12, 4), width_ratios=(3, 2))
    labels = []
    for position, row in enumerate(raw["repeatability"]):
        values = list(row["by_network"].values())
        color = "#d9822b" if row["method"] in {OURS, FIRST} else "#5b7fa6"
        left.scatter([position] * len(values), values, s=14, alpha=0.6, color=color)
        labels.append(f"{row['method']}\n{row['condition']}".replace(" ", "\n"))
    left.axhline(TYPICAL_BAR, color="#9aa5b1", linestyle="--", linewidth=1)
    left.set_xticks(range(len(labels)), labels, fontsize=7)
    left.set_yscale("log")
    left.set_ylabel("coefficient of variation, %")
    true = raw["truth"]
    right.scatter(list(true["loop_ms"].values()), list(true["off_percent"].values()), s=18, color="#d9822b")
    right.axhline(0, color="#9aa5b1", linewidth=1)
    right.set_xscale("log")
    right.set_xlabel("a plain loop, ms")
    right.set_ylabel("our figure's difference, %")
    for axis in (left, right):
        axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    return figure
