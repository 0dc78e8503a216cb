"""How `recipes.py` shows what it found: a table a data set, and two figures."""

from collections.abc import Sequence
from math import isnan
from pathlib import Path
from typing import Any

from recipes_rows import PLAINS
from recipes_summary import FP32, INT8, int8_rise
from rich.table import Table

COLUMNS = ("n", "points", "int8", "latency", "int8", "bytes", "int8", "MACs", "training", "besides")
CAPTION = (
    "All beside the fp32 file of the plain network with the same seed, in points of test accuracy or as ratios; 95 %"
    " intervals over seeds. training: CPU time, with that of the plain network where it begins with that"
)

DEFLATES = 0.8
"""What a file shrinks to when deflated is told where the plain network's shrinks less by such a factor."""

Found = dict[str, Any]


def table_of(rows: Sequence[Found]) -> Table:
    """A line a technique."""
    shown = Table("row", title="What each technique brings and costs", caption=CAPTION)
    for column in COLUMNS:
        shown.add_column(column, justify="right")
    for data in dict.fromkeys(row["data"] for row in rows):
        shown.add_section()
        shown.add_row(f"[bold]{Path(data).stem}")
        for row in (row for row in rows if row["data"] == data):
            shown.add_row(row["row"], str(row["seeds"]), *_cells(row))
    return shown


def _cells(row: Found) -> list[str]:
    is_plain = row["row"] in PLAINS
    fp32, int8 = row.get(FP32), row.get(INT8)
    return [
        f"{row['accuracy']['mean']:.1f} %" if is_plain else _points(fp32),
        _points(int8),
        "" if is_plain else _ratio(fp32, "latency_ratio"),
        _ratio(int8, "latency_ratio"),
        *(f"{own['bytes_ratio']['mean']:.2f}" if own else "" for own in (fp32, int8)),
        f"{row['macs_ratio']['mean']:.2f}",
        f"{row['time_ratio']['mean']:.2f}",
        _besides(row),
    ]


def _points(file: Found | None) -> str:
    return f"{file['points']['mean']:+.2f}{_half_width(file['points'])}" if file else ""


def _ratio(file: Found | None, name: str) -> str:
    return f"{file[name]['mean']:.2f}{_half_width(file[name])}" if file else ""


def _half_width(found: dict[str, float]) -> str:
    """Nothing for a single seed."""
    return "" if isnan(found["half_width"]) else f" ± {found['half_width']:.2f}"


def _besides(row: Found) -> str:
    """What only some techniques are about."""
    found = []
    if "packed_ratio" in row:
        found.append(f"packed {100 * row['packed_ratio']['mean']:.1f} %")
    if "expected_latency_ratio" in row:
        found.append(f"over images {row['expected_latency_ratio']['mean']:.2f}")
    if "sharpness_ratio" in row:
        found.append(f"sharpness {row['sharpness_ratio']['mean']:.2f}")
    if "time_to_accuracy_ratio" in row and row["row"] not in PLAINS:
        found.append(f"to accuracy {row['time_to_accuracy_ratio']['mean']:.2f}")
    if (
        row.get(FP32, {}).get("deflated_ratio", {"mean": 1})["mean"]
        < DEFLATES * row.get(FP32, NO_FILE)["bytes_ratio"]["mean"]
    ):
        found.append(f"deflated {row[FP32]['deflated_ratio']['mean']:.2f}")
    return ", ".join(found)


DEFLATES = 0.8
"""Files that deflate to less than so much of what they take, beside the plain one, are told to."""
NO_FILE = {"bytes_ratio": {"mean": 1.0}}


def told(correlation: Found) -> str:
    """One line of text."""
    return (
        f"{Path(correlation['data']).stem}: {correlation['sharpness']} with what int8 adds to the loss, Spearman"
        f" {correlation['rho']:+.2f} (p {correlation['p']:.2g}) over {correlation['networks']} networks,"
        f" {correlation['rho_within_rows']:+.2f} (p {correlation['p_within_rows']:.2g}) within rows"
    )


def draw(raw: Found) -> Any:
    """By data set, beside each other: accuracy, latency and bytes of every row; sharpness against what int8 costs."""
    from matplotlib.figure import Figure

    sets = list(dict.fromkeys(row["data"] for row in raw["summary"]))
    counts = [sum(row["data"] == data for row in raw["summary"]) for data in sets]
    height = 1.2 * len(sets) + 0.22 * sum(counts)
    figure = Figure(figsize=(16, max(4.0, height)), layout="constrained")
    ratios = {"height_ratios": [count + 4 for count in counts], "width_ratios": [3, 2, 2, 3]}
    for panels, data in zip(figure.subplots(len(sets), 4, squeeze=False, **ratios), sets, strict=True):
        rows = [row for row in raw["summary"] if row["data"] == data][::-1]
        for axes, (name, label) in zip(panels, PANELS.items(), strict=False):
            _draw_figure(axes, rows, name)
            axes.set(xlabel=label, yticks=range(len(rows)), yticklabels=[])
        panels[0].set_yticklabels([row["row"] for row in rows], fontsize=7)
        panels[0].set_title(Path(data).stem)
        _draw_sharpness(panels[-1], [cell for cell in raw["cells"] if cell["data"] == data and "sharpness" in cell])
    return figure


PANELS = {
    "points": "points of accuracy to the plain network",
    "latency_ratio": "latency, of the plain network's",
    "bytes_ratio": "bytes, of the plain network's",
}


def _draw_figure(axes: Any, rows: Sequence[Found], name: str) -> None:
    """A line a row: fp32 and int8, with their intervals."""
    for file, color in ((FP32, "#5b7fa6"), (INT8, "#d9822b")):
        known = [(place, row[file][name]) for place, row in enumerate(rows) if file in row]
        means, halves = ([found[key] for _, found in known] for key in ("mean", "half_width"))
        places = [place for place, _ in known]
        axes.errorbar(means, places, xerr=halves, fmt="o", markersize=3, linewidth=0.8, color=color, label=file)
    axes.axvline(0 if name == "points" else 1, color="#9aa5b1", linewidth=1)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", linewidth=0.3)
    axes.legend(fontsize=6)


def _draw_sharpness(axes: Any, cells: Sequence[Found]) -> None:
    for name in dict.fromkeys(cell["row"] for cell in cells):
        own = [cell for cell in cells if cell["row"] == name]
        axes.plot([c["sharpness"]["loss_rise"] for c in own], [int8_rise(c) for c in own], "o", label=name, alpha=0.8)
    axes.set(xlabel="worst rise of the loss nearby (nats)", ylabel="rise of the test loss by int8 (nats)")
    if cells:
        axes.set_xscale("log")
        axes.legend(fontsize=6)
    axes.spines[["top", "right"]].set_visible(False)
