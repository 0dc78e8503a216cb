"""What `recipes.py` is to show, by data set: bars over the rows of `recipes_summary.py`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from common import Bar
from recipes_summary import FP32, INT8

PACKED_SHARE, PACKED_POINTS = 0.1, 0.5
PRUNED_MACS, PRUNED_SPEED, PRUNED_POINTS = 2.0, 1.5, 1.0
INT8_SHARE, INT8_POINTS = 0.3, 0.5
STOCK = "files: accuracy with the stock runtime alone, largest difference to what is stated"

Found = dict[str, Any]


def bars_of(rows: Sequence[Found], cells: Sequence[Found], quick: bool) -> list[Bar]:
    """Of the rows that are there; accuracies after so short a training as the quick one's say nothing."""
    bars = []
    for data in dict.fromkeys(row["data"] for row in rows):
        own, on = {row["row"]: row for row in rows if row["data"] == data}, f" on {Path(data).stem}"
        bars += [bar for of in (_packed, _pruned, _int8, _gains) for bar in of(own, on)]
    bars = [bar for bar in bars if not (quick and "points" in bar.name)]
    return [*bars, Bar(STOCK, most_stock_difference(cells), 0.0, at_most=True)] if cells else bars


def most_stock_difference(cells: Sequence[Found]) -> float:
    """Of all files, between the accuracy that is stated and that of a process with the runtime alone."""
    return max(abs(file["stock_accuracy"] - file["test_accuracy"]) for c in cells for file in c["files"].values())


def _packed(rows: dict[str, Found], on: str) -> list[Bar]:
    """Of the smallest self-compressed network that loses little enough; or else of the one that loses least."""
    tried = [row for row in rows.values() if "packed_ratio" in row]
    if not tried:
        return []
    kept = [row for row in tried if -row[FP32]["points"]["mean"] <= PACKED_POINTS]
    least = min(kept, key=_packed_share) if kept else max(tried, key=lambda row: row[FP32]["points"]["mean"])
    return [
        Bar(f"{least['row']}{on}: packed, share of fp32", _packed_share(least), PACKED_SHARE, at_most=True),
        Bar(f"{least['row']}{on}: points lost", -least[FP32]["points"]["mean"], PACKED_POINTS, at_most=True),
    ]


def _packed_share(row: Found) -> float:
    return float(row["packed_ratio"]["mean"])


def _pruned(rows: dict[str, Found], on: str) -> list[Bar]:
    if (row := rows.get("prune-channels")) is None:
        return []
    return [
        Bar(f"prune-channels{on}: times fewer MACs", 1 / row["macs_ratio"]["mean"], PRUNED_MACS),
        Bar(f"prune-channels{on}: times faster", 1 / row[FP32]["latency_ratio"]["mean"], PRUNED_SPEED),
        Bar(f"prune-channels{on}: points lost", -row[FP32]["points"]["mean"], PRUNED_POINTS, at_most=True),
    ]


def _int8(rows: dict[str, Found], on: str) -> list[Bar]:
    if (row := rows.get("quantize-int8")) is None:
        return []
    return [
        Bar(f"quantize-int8{on}: share of the fp32 file", row[INT8]["bytes_ratio"]["mean"], INT8_SHARE, at_most=True),
        Bar(f"quantize-int8{on}: points lost", -row[INT8]["points"]["mean"], INT8_POINTS, at_most=True),
    ]


def _gains(rows: dict[str, Found], on: str) -> list[Bar]:
    """The lower ends of what distillation and SAM bring; an interval that ends at 0 holds it."""
    found = [rows[name] for name in ("distill", "sam") if name in rows and rows[name]["seeds"] > 1]
    return [
        Bar(
            f"{row['row']}{on}: lower end of its gain, points",
            row[FP32]["points"]["mean"] - row[FP32]["points"]["half_width"],
            0.0,
            more_than=True,
        )
        for row in found
    ]
