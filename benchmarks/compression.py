"""What each way to compress a network costs in accuracy, and what it brings: in MACs, latency and bytes.

For each seed a plain network of the `mobilenet` space is trained, and every technique (`compression_techniques.py`)
makes another of it. Accuracies are those of the exported files on the test split, as differences to the plain network
of the same seed, with the 95 % interval over seeds (Student's t). Latencies are on onnxruntime with one thread and
batch 1, taken in turn with the plain network's when all cells are done, so that nothing else runs but a few timings.

Each cell runs in a process of its own, on a core of its own. With `--keep FOLDER` its result is kept as soon as it is
there, and a run that was stopped goes on where it was.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from queue import SimpleQueue
from statistics import fmean
from threading import Lock
from typing import Any

from common import Bar, Findings, add_options, publish
from compression_techniques import PLAIN, TECHNIQUES
from rich.progress import track
from rich.table import Table
from scipy.stats import sem, t

SPEED_BAR, LOSS_BAR = 1.5, 0.01
PACKED_BAR, PACKED_LOSS_BAR = 0.1, 0.005
PACKED = ("packed_ratio", "weight_bits_ratio")
"""Bytes of all that is packed, and bits of the weights alone, as shares of what they take in fp32."""
EXIT = ("expected_latency_ratio", "exit_latency_ratio", "whole_latency_ratio", "timed_exit_share")
"""Of an early exit, over test images: the harness times one image, which does not leave early."""
CELL_LIMIT_S = 3600
CORES_A_TIMING = 4
"""Cores for each timing that runs at once: the others are left idle."""

Row = dict[str, Any]


def arguments() -> argparse.Namespace:
    """With `--quick`, sizes that show the method and no more."""
    parser = add_options(argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter))
    parser.add_argument("--data", default="digits", help="`digits` or an .npz file of x and y")
    parser.add_argument("--only", action="append", choices=list(TECHNIQUES), help="one technique (may be repeated)")
    parser.add_argument("--seeds", type=int, default=3, help="plain networks, each compressed by all (default 3)")
    parser.add_argument("--epochs", type=int, default=12, help="of the plain training (default 12)")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="cells at once, a core each")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep networks and results, and go on from them")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.seeds, chosen.epochs = min(chosen.seeds, 2), 2
    return chosen


class Cells:
    """Results by name, kept in a JSON file after every one."""

    def __init__(self, folder: Path, jobs: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self._file, self._lock = folder.resolve(), folder / "results.json", Lock()
        self.results: dict[str, Row] = json.loads(self._file.read_text()) if self._file.exists() else {}
        self._all_cores = sorted(os.sched_getaffinity(0))[-jobs:]

    def run(self, jobs: dict[str, Row], at_once: int, what: str) -> None:
        """Those that have no result yet, in order, each on a core that no other cell has."""
        cores: SimpleQueue[int] = SimpleQueue()
        for core in self._all_cores:
            cores.put(core)
        waiting = {name: job for name, job in jobs.items() if "error" in self.results.get(name, {"error": "none yet"})}
        with ThreadPoolExecutor(at_once) as pool:
            futures = [pool.submit(self._run_one, name, job, cores) for name, job in waiting.items()]
            for future in track(as_completed(futures), description=what, total=len(futures)):
                future.result()

    def _run_one(self, name: str, job: Row, cores: SimpleQueue) -> None:
        core = cores.get()
        try:
            result = in_fresh_process({**job, "folder": str(self.folder), "core": core})
        finally:
            cores.put(core)
        with self._lock:
            self.results[name] = result
            unfinished = self._file.with_suffix(".tmp")
            unfinished.write_text(json.dumps(self.results, indent=1))
            unfinished.replace(self._file)


def in_fresh_process(job: Row) -> Row:
    """What a cell answers; a cell that fails is a row that says so, so that the others go on."""
    from workers.environment import TRAINING_ENVIRONMENT

    command = [sys.executable, str(Path(__file__).with_name("compression_cell.py")), json.dumps(job)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **({} if "plain" in job else TRAINING_ENVIRONMENT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=CELL_LIMIT_S)
    if done.returncode:
        return {"error": done.stderr.strip()[-2000:]}
    answer: Row = json.loads(done.stdout.splitlines()[-1])
    return answer


def measure(chosen: argparse.Namespace, folder: Path) -> list[Row]:
    """Every cell: the plain networks, then the techniques, the longest first, then all timings."""
    cells, seeds = Cells(folder, chosen.jobs), range(chosen.seeds)
    shared = {"data": chosen.data, "epochs": chosen.epochs, "quick": chosen.quick}
    names = sorted(chosen.only or TECHNIQUES, key=lambda name: -TECHNIQUES[name].work)
    cells.run({f"{PLAIN} {s}": {**shared, "technique": PLAIN, "seed": s} for s in seeds}, chosen.jobs, "training")
    compressed = {f"{name} {s}": {**shared, "technique": name, "seed": s} for name in names for s in seeds}
    cells.run(compressed, chosen.jobs, "compressing")
    timings = {}
    for name in compressed:
        plain, own = cells.results[f"{PLAIN} {name.rsplit(' ', 1)[1]}"], cells.results[name]
        if "error" not in plain | own:
            timings[f"{name} timing"] = {"plain": plain, "own": own}
    cells.run(timings, max(1, chosen.jobs // CORES_A_TIMING), "timing")
    return [row_of(name, f"{name} {s}", f"{PLAIN} {s}", cells.results) for name in names for s in seeds]


def row_of(technique: str, name: str, plain: str, results: dict[str, Row]) -> Row:
    """One technique with one seed, beside the plain network."""
    own, parent, timing = results[name], results[plain], results.get(f"{name} timing", {})
    row = {"technique": technique, "seed": int(name.rsplit(" ", 1)[1])}
    error = own.get("error") or parent.get("error") or timing.get("error")
    if error:
        return {**row, "error": error}
    return {
        **row,
        **{key: value for key, value in own.items() if key != "file"},
        **timing,
        "parent_accuracy": parent["test_accuracy"],
        "accuracy_delta": own["test_accuracy"] - parent["test_accuracy"],
        "macs_ratio": own["macs"] / parent["macs"],
        "bytes_ratio": own["file_bytes"] / parent["file_bytes"],
        "deflated_ratio": own["deflated_bytes"] / parent["deflated_bytes"],
        **{name: own.get("facts", {}).get("self-compress", {}).get(name) for name in PACKED},
        **{name: own.get("over_images", {}).get(name) for name in EXIT},
    }


def interval95(values: list[float]) -> float:
    """Half the width of the 95 % interval of the mean, by Student's t; NaN for one value."""
    return float(sem(values) * t.ppf(0.975, len(values) - 1)) if len(values) > 1 else float("nan")


def summarise(rows: list[Row]) -> list[Row]:
    """Means over the seeds."""
    summary = []
    for technique in dict.fromkeys(row["technique"] for row in rows):
        own = [row for row in rows if row["technique"] == technique]
        fine = [row for row in own if "error" not in row]
        found: Row = {"technique": technique, "seeds": len(fine), "failed": len(own) - len(fine)}
        if fine:
            names = ("parent_accuracy", "accuracy_delta", "macs_ratio", "latency_ratio", "bytes_ratio")
            names += ("deflated_ratio", "latency_ms", "parent_ms", "file_bytes", "duration_s")
            found |= {name: fmean(row[name] for row in fine) for name in names}
            known = [name for name in (*PACKED, *EXIT) if all(row[name] is not None for row in fine)]
            found |= {name: fmean(row[name] for row in fine) for name in known}
            found |= {f"{name}_ci95": interval95([row[name] for row in fine]) for name in known if name in EXIT}
            found["accuracy_delta_ci95"] = interval95([row["accuracy_delta"] for row in fine])
            found["latency_ratio_ci95"] = interval95([row["latency_ratio"] for row in fine])
        summary.append(found)
    return summary


def table_of(summary: list[Row], data: str) -> Table:
    """A line a technique; ratios are to the plain network of the same seed."""
    accuracy = fmean([row["parent_accuracy"] for row in summary if row["seeds"]] or [float("nan")])
    shown = Table("technique", title=f"Compression of one network on {data} (plain accuracy {100 * accuracy:.1f} %)")
    for column in ("points", "95 %", "MACs", "latency", "95 %", "file", "deflated", "packed", "exits", "took"):
        shown.add_column(column, justify="right")
    for row in summary:
        if not row["seeds"]:
            shown.add_row(row["technique"], "failed")
            continue
        shown.add_row(
            row["technique"] + (f" ({row['failed']} failed)" if row["failed"] else ""),
            f"{100 * row['accuracy_delta']:+.2f}",
            f"± {100 * row['accuracy_delta_ci95']:.2f}",
            f"{row['macs_ratio']:.2f} x",
            f"{row['latency_ratio']:.2f} x",
            f"± {row['latency_ratio_ci95']:.2f}",
            f"{row['bytes_ratio']:.2f} x",
            f"{row['deflated_ratio']:.2f} x",
            f"{row['packed_ratio']:.3f} x" if "packed_ratio" in row else "",
            _over_images(row),
            f"{row['duration_s']:.0f} s",
        )
    return shown


def _over_images(row: Row) -> str:
    """What an early exit leaves of the latency, and how many images take it."""
    if "expected_latency_ratio" not in row:
        return ""
    ratio, half = row["expected_latency_ratio"], row["expected_latency_ratio_ci95"]
    return f"{ratio:.2f} ± {half:.2f} x, {100 * row['timed_exit_share']:.0f} %"


def bars_of(summary: list[Row], quick: bool) -> list[Bar]:
    """What is promised of structured pruning and self-compression; so short a training as the quick one's says nothing
    of accuracy."""
    found = [row for row in summary if row["technique"] == "prune-channels" and row["seeds"]]
    bars = []
    for row in found:
        bars.append(Bar("prune-channels: times fewer MACs", 1 / row["macs_ratio"], 2.0))
        bars.append(Bar("prune-channels: times faster", 1 / row["latency_ratio"], SPEED_BAR))
        if not quick:
            bars.append(Bar("prune-channels: accuracy lost", -row["accuracy_delta"], LOSS_BAR, at_most=True))
    return [*bars, *_packed_bars(summary)]


def _packed_bars(summary: list[Row]) -> list[Bar]:
    """Of the smallest self-compressed network that loses little enough, if any does."""
    kept = [r for r in summary if "packed_ratio" in r and -r["accuracy_delta"] <= PACKED_LOSS_BAR]
    if not kept:
        return []
    least = min(kept, key=lambda row: row["packed_ratio"])
    return [
        Bar(
            f"{least['technique']}: share of the fp32 weights' bits",
            least["weight_bits_ratio"],
            PACKED_BAR,
            at_most=True,
        ),
        Bar(f"{least['technique']}: packed file, share of fp32", least["packed_ratio"], PACKED_BAR, at_most=True),
    ]


def draw(raw: dict[str, Any]) -> Any:
    """Accuracy lost against latency, with the intervals over seeds."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 5))
    axes = figure.add_subplot()
    for row in raw["summary"]:
        if row["seeds"]:
            across, up = row["latency_ratio"], 100 * row["accuracy_delta"]
            errors = {"xerr": row["latency_ratio_ci95"], "yerr": 100 * row["accuracy_delta_ci95"]}
            axes.errorbar(across, up, **errors, fmt="o", capsize=3)
            axes.annotate(row["technique"], (across, up), xytext=(5, 5), textcoords="offset points", fontsize=8)
    axes.axhline(0, color="#9aa5b1", linewidth=1)
    axes.axvline(1, color="#9aa5b1", linewidth=1)
    axes.set_xlabel("latency, as a share of the plain network's")
    axes.set_ylabel("accuracy, points to the plain network")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def main() -> None:
    chosen = arguments()
    with tempfile.TemporaryDirectory() as scratch:
        rows = measure(chosen, chosen.keep or Path(scratch))
    summary = summarise(rows)
    raw = {"data": chosen.data, "epochs": chosen.epochs, "summary": summary, "rows": rows}
    packages = ("torch", "onnxruntime", "numpy")
    findings = Findings("compression", raw, bars_of(summary, chosen.quick), table_of(summary, chosen.data), packages)
    publish(findings, chosen, draw)
    for row in rows:
        if "error" in row:
            print(f"{row['technique']}, seed {row['seed']}: {row['error']}", file=sys.stderr)


if __name__ == "__main__":
    main()
