"""Every technique that makes networks faster, smaller or more accurate, beside the plain network, over seeds.

A cell is a row (`recipes_rows.py`), a data set and a seed: a network is trained in the row's way, or the plain network
is compressed by the row's steps, and its files are judged on the test split and timed. Differences are to the plain
network of the same seed, which begins with the same weights and visits images in the same order; intervals are 95 % by
Student's t over seeds. Teachers are the plain networks of seeds 0, 1 and 2; their trainings are not counted.

Latencies are on onnxruntime, one thread, batch 1, on the CPU: the service's harness has the plain network's file as the
reference that the row's takes turns with, on a core of the cell's own. Other cells keep other cores busy meanwhile, so
that the ratio is what to read.

Each cell is kept in `--keep` when it is done, and not done again. After `--minutes` what there is is reported, and
what is missing is named.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from common import Findings, add_options, publish
from recipes_bars import bars_of
from recipes_cell import Cell
from recipes_report import draw, table_of, told
from recipes_rows import PLAIN, ROWS, SMALL_PLAIN
from recipes_summary import correlations, summarise
from recipes_workers import run

QUICK_ROWS = (PLAIN, SMALL_PLAIN, "distill", "prune-channels", "quantize-int8")


def arguments() -> argparse.Namespace:
    parser = add_options(argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter))
    parser.add_argument("--data", action="append", help="`digits` or an .npz file of x and y (may be repeated)")
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), metavar="ROW", help="these alone: " + "; ".join(ROWS))
    parser.add_argument("--seeds", type=int, default=3, help="of each row, at least (default 3)")
    parser.add_argument("--first-seed", type=int, default=0, help="the others follow (default 0)")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="cells at once, a core each")
    parser.add_argument("--device", default="auto", help="where larger networks are trained: auto, cpu, cuda")
    parser.add_argument("--minutes", type=float, default=600, help="no cell goes on for longer")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep networks and results, and go on from them")
    chosen = parser.parse_args()
    chosen.data = list(dict.fromkeys(chosen.data or ["digits"]))
    if chosen.quick:
        chosen.seeds, chosen.rows = min(chosen.seeds, 2), chosen.rows or list(QUICK_ROWS)
    return chosen


def cells_of(chosen: argparse.Namespace, folder: Path) -> list[Cell]:
    """With what they need, which comes first; then seed by seed, so that what is done in time is comparable, and the
    longest first."""
    wanted: set[tuple[str, int]] = set()
    for name in chosen.rows or ROWS:
        count = 1 if chosen.quick else ROWS[name].seeds
        wanted |= {(name, seed) for seed in range(chosen.first_seed, chosen.first_seed + chosen.seeds * count)}

    def cell(data: str, row: str, seed: int) -> Cell:
        return Cell(data, row, seed, chosen.device, chosen.quick, folder)

    wanted |= {need for name, seed in wanted for need in cell("", name, seed).needs}
    found = [cell(data, name, seed) for data in chosen.data for name, seed in wanted]
    needed, last = {need for one in found for need in one.needs}, chosen.first_seed + chosen.seeds - 1
    return sorted(found, key=lambda c: ((c.row, c.seed) not in needed, min(c.seed, last), -c.work, c.key))


def measured(chosen: argparse.Namespace, folder: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """The results there are, and for each cell that has none why."""
    folder.mkdir(parents=True, exist_ok=True)
    cells, until_s = cells_of(chosen, folder), time.monotonic() + 60 * chosen.minutes
    found = {cell.key: json.loads(path.read_text()) for cell in cells if (path := result_file(cell)).exists()}
    failed: dict[str, str] = {}

    def keep(cell: Cell, result: dict[str, Any]) -> None:
        if "error" in result:
            failed[cell.key] = result["error"]
            return
        print(f"{cell.key}: {result['duration_s']:.0f} s", file=sys.stderr, flush=True)
        found[cell.key] = result
        unfinished = result_file(cell).with_suffix(".tmp")
        unfinished.write_text(json.dumps(result))
        unfinished.replace(result_file(cell))

    run([c for c in cells if c.key not in found], sorted(os.sched_getaffinity(0))[-chosen.jobs :], until_s, keep)
    missing = [f"{c.key}: {failed.get(c.key, 'no time was left')}" for c in cells if c.key not in found]
    return [found[cell.key] for cell in cells if cell.key in found], missing


def result_file(cell: Cell) -> Path:
    return cell.folder / f"{cell.key}.json"


def main() -> None:
    chosen = arguments()
    with tempfile.TemporaryDirectory() as scratch:
        cells, missing = measured(chosen, (chosen.keep or Path(scratch)).resolve())
    rows = summarise(cells)
    raw = {"summary": rows, "correlations": correlations(cells), "missing": missing, "cells": cells}
    packages = ("torch", "onnxruntime", "numpy", "nas-service")
    publish(Findings("recipes", raw, bars_of(rows, cells, chosen.quick), table_of(rows), packages), chosen, draw)
    for correlation in raw["correlations"]:
        print(told(correlation))
    for name in missing:
        print(f"missing: {name}")


if __name__ == "__main__":
    main()
