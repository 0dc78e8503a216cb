"""What the cells of `recipes.py` say together: differences to the plain network of the same seed, and their intervals.

Whether flat minima quantize better is Spearman's correlation of sharpness with the rise of the loss by int8: over all
small networks of a data set, and with each row's mean taken off both, so that no single technique makes it. A network
that two rows have, as where early stopping does not stop, counts once.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from recipes_rows import ROWS
from scipy import stats

FP32, INT8 = "model.onnx", "model.int8.onnx"
TARGET_LOSS = 0.005
"""Time to accuracy is that until the plain network's last validation accuracy is reached but for so much."""
LEAST_RUNS = 4
PERMUTATIONS = 9_999

Found = dict[str, Any]
Interval = dict[str, float]


def interval(values: Iterable[float]) -> Interval:
    """Mean, and half of the 95 % interval by Student's t; NaN for a single value."""
    found = np.array(list(values), dtype=float)
    half = stats.t.ppf(0.975, len(found) - 1) * stats.sem(found) if len(found) > 1 else float("nan")
    return {"mean": float(found.mean()), "half_width": float(half)}


def seconds(cell: Found) -> float:
    """CPU time of all its trainings, which neighbours stretch least: networks so small keep an accelerator waiting for
    what this process launches."""
    return float(sum(one["cpu_s"] for one in cell["trainings"]))


def seconds_to(cell: Found, accuracy: float) -> float | None:
    """Until its learning curve reaches an accuracy; None where it never does, or nothing was trained anew."""
    curve = cell["trainings"][0]["curve"] if cell["trainings"] else []
    return next((point["duration_s"] for point in curve if point["validation_accuracy"] >= accuracy), None)


def compared(cell: Found, plain: Found) -> Found:
    """One cell beside the plain one of its seed; latencies and bytes beside the plain network's fp32 file."""
    base, begins_trained = plain["files"][FP32], ROWS[cell["row"]].begins_trained
    target = plain["trainings"][0]["curve"][-1]["validation_accuracy"] - TARGET_LOSS
    own_s, plain_s = seconds_to(cell, target), seconds_to(plain, target)
    found: Found = {
        "macs_ratio": cell["macs"] / plain["macs"],
        "time_ratio": seconds(cell) / seconds(plain) + begins_trained,
        "time_to_accuracy_ratio": own_s / plain_s if own_s and plain_s and not begins_trained else None,
        **{name: cell["over_images"][name] for name in ("expected_latency_ratio",) if "over_images" in cell},
    }
    for step in cell["steps"]:
        names = ("packed_ratio", "weight_bits_ratio")
        found |= {name: step["facts"][name] for name in names if name in step["facts"]}
    for name, file in cell["files"].items():
        found[name] = {
            "points": 100 * (file["test_accuracy"] - base["test_accuracy"]),
            "latency_ratio": file["latency_ratio"],
            "bytes_ratio": file["bytes"] / base["bytes"],
            "deflated_ratio": file["deflated_bytes"] / base["deflated_bytes"],
        }
    if "sharpness" in cell:
        found["sharpness_ratio"] = cell["sharpness"]["loss_rise"] / plain["sharpness"]["loss_rise"]
        found["int8_loss_points"] = 100 * (cell["files"][FP32]["test_accuracy"] - cell["files"][INT8]["test_accuracy"])
        found["int8_loss_nats"] = int8_rise(cell)
    return found


def summarise(cells: Sequence[Found]) -> list[Found]:
    """A row of intervals for each data set and technique."""
    known = {(cell["data"], cell["row"], cell["seed"]): cell for cell in cells}
    rows = []
    for data in dict.fromkeys(cell["data"] for cell in cells):
        for name, row in ROWS.items():
            own = [cell for cell in cells if (cell["data"], cell["row"]) == (data, name)]
            pairs = [(cell, known.get((data, row.beside, cell["seed"]))) for cell in own]
            taken = [compared(cell, plain) for cell, plain in pairs if plain is not None]
            if taken:
                accuracy = interval(100 * next(iter(cell["files"].values()))["test_accuracy"] for cell in own)
                facts = {"data": data, "technique": row.technique, "row": name, "seeds": len(taken)}
                rows.append({**facts, "accuracy": accuracy, **_intervals(taken)})
    return rows


def _intervals(taken: Sequence[Found]) -> Found:
    """Of every figure that all seeds have."""
    found: Found = {}
    for name in taken[0]:
        values = [one.get(name) for one in taken]
        if isinstance(values[0], dict):
            found[name] = _intervals(values)  # type: ignore[arg-type]
        elif all(value is not None for value in values):
            found[name] = interval(values)  # type: ignore[arg-type]
    return found


def int8_rise(cell: Found) -> float:
    """What rounding adds to the test loss, in nats."""
    return float(cell["files"][INT8]["test_loss"] - cell["files"][FP32]["test_loss"])


def correlations(cells: Sequence[Found]) -> list[Found]:
    """Of sharpness with that, for each data set."""
    found = []
    for data in dict.fromkeys(cell["data"] for cell in cells):
        own = distinct([cell for cell in cells if cell["data"] == data and "sharpness" in cell])
        if len(own) < LEAST_RUNS:
            continue
        rows = np.array([cell["row"] for cell in own])
        groups = [rows == name for name in dict.fromkeys(rows)]
        rises = np.array([int8_rise(cell) for cell in own])
        for measure in ("loss_rise", "top_eigenvalue"):
            sharp = np.log(np.maximum([cell["sharpness"][measure] for cell in own], 1e-12))
            (rho, p), (within, p_within) = spearman(sharp, rises), spearman_within(groups, sharp, rises)
            facts = {"data": data, "sharpness": measure, "networks": len(own)}
            found.append({**facts, "rho": rho, "p": p, "rho_within_rows": within, "p_within_rows": p_within})
    return found


def spearman(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Correlation and its p value; NaN where one of them is constant."""
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan"), float("nan")
    found = stats.spearmanr(one, other)
    return float(found.statistic), float(found.pvalue)


def spearman_within(groups: Sequence[np.ndarray], one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Of what is left when each group's mean is taken off.

    The p value is by permutations within groups: the usual one takes as many values for independent as there are, and
    each mean has used one up.
    """
    one, other = centred(one, groups), centred(other, groups)
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan"), float("nan")
    one, other = (stats.zscore(stats.rankdata(values)) for values in (one, other))
    shuffled, random = np.tile(other, (PERMUTATIONS, 1)), np.random.default_rng(0)
    for members in groups:
        shuffled[:, members] = random.permuted(shuffled[:, members], axis=1)
    rho, by_chance = float(np.mean(one * other)), np.mean(one * shuffled, axis=1)
    as_strong = int(np.sum(np.abs(by_chance) >= abs(rho) - 1e-9))
    return rho, (1 + as_strong) / (1 + PERMUTATIONS)


def centred(values: np.ndarray, groups: Sequence[np.ndarray]) -> np.ndarray:
    values = values.copy()
    for members in groups:
        values[members] -= values[members].mean()
    return values


def distinct(cells: Sequence[Found]) -> list[Found]:
    """The first of those whose sharpness and rise are the same to the bit."""
    found: dict[tuple[float, ...], Found] = {}
    for cell in cells:
        found.setdefault((*cell["sharpness"].values(), int8_rise(cell)), cell)
    return list(found.values())
