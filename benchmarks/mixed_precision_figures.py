"""What the fronts of `mixed_precision.py` say when they are held against each other."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mixed_precision_judge import identity
from mixed_precision_search import SIDES
from scipy.stats import sem, t

LEVELS = 101
"""Accuracies at which fronts are compared."""
GIVEN_UP = 0.005
"""Of accuracy, where a little less is allowed."""

Member = dict[str, Any]


def fastest(members: list[Member], accuracies: np.ndarray) -> np.ndarray:
    """At each accuracy the latency of the fastest member that is at least as accurate; infinite where there is none."""
    able = np.array([member["accuracy"] for member in members]) >= accuracies[:, None]
    found: np.ndarray = np.where(able, [member["latency_ms"] for member in members], np.inf).min(axis=1)
    return found


def compared(fp32: list[Member], mixed: list[Member]) -> dict[str, Any]:
    """The ratio at equal accuracy, and where a little of it may be given up."""
    accuracies = [[member["accuracy"] for member in side] for side in (fp32, mixed)]
    low, high = max(map(min, accuracies)), min(map(max, accuracies))
    at = np.linspace(low, high, LEVELS) if high > low else np.array([min(low, high)])
    reference = np.log(fastest(fp32, at))
    return {
        "accuracies": [float(at[0]), float(at[-1])],
        "ratio": float(np.exp(np.mean(reference - np.log(fastest(mixed, at))))),
        "ratio_given_up": float(np.exp(np.mean(reference - np.log(fastest(mixed, at - GIVEN_UP))))),
        "slack_alone": float(np.exp(np.mean(reference - np.log(fastest(fp32, at - GIVEN_UP))))),
        "highest": {side: max(found) for side, found in zip(SIDES, accuracies, strict=True)},
    }


def pairs_of(candidates: list[Member]) -> list[dict[str, float]]:
    """Of each network that a search has tried at both precisions what int8 brings and costs, by its own figures."""
    found: dict[str, dict[str, Member]] = {}
    for candidate in candidates:
        key, precision = identity(candidate)
        found.setdefault(key, {})[precision] = candidate
    return [
        {
            "macs": of["fp32"]["macs"],
            "ratio": of["fp32"]["latency_ms"] / of["int8"]["latency_ms"],
            "loss_points": 100 * (of["fp32"]["accuracy"] - of["int8"]["accuracy"]),
        }
        for of in found.values()
        if len(of) == len(SIDES["mixed"])
    ]


def together(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """What takes more than one seed: the fronts of all, and all networks that were tried at both precisions."""
    fronts = {side: [member for one in runs for member in one["fronts"][side]] for side in SIDES}
    pairs = [pair for one in runs for search in one["searches"] for pair in pairs_of(search["candidates"])]
    return {
        "ratio": interval([one["ratio"] for one in runs]),
        "ratio_given_up": interval([one["ratio_given_up"] for one in runs]),
        "slack_alone": interval([one["slack_alone"] for one in runs]),
        "fronts": compared(fronts["fp32"], fronts["mixed"]),
        "pairs": pairs,
        "pair": interval([pair["ratio"] for pair in pairs]) if pairs else None,
    }


def interval(ratios: Sequence[float]) -> tuple[float, float, float]:
    """Geometric mean with its 95 % interval (Student's t)."""
    logarithms = np.log(ratios)
    middle = float(logarithms.mean())
    half = t.ppf(0.975, len(ratios) - 1) * sem(logarithms) if len(ratios) > 1 else float("nan")
    return float(np.exp(middle)), float(np.exp(middle - half)), float(np.exp(middle + half))
