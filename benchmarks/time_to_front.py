"""How long it takes to a good front: this service beside the script that a user would write today, on the same data.

Both search the same networks (`spaces/peer_mobilenet`) by the same training and validation images, for accuracy and
latency on the same cores. `--peer` is the from-scratch script with Optuna's NSGA-II, in its own memory layout and in
the faster one. At marks on a logarithmic scale the front of each side is judged (`front_judge.py`), and the time is
taken at which a side has what the peer has in the end. After its search the default has a second one, on the same data
with a constraint on latency, which may take a tenth as long.

Runs are kept in `--out` and not repeated; so it can be stopped and started again. `--parallel` runs them side by side
on cores of their own.
"""

import argparse
import json
import os
import statistics
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from common import Bar, Findings, add_options, publish
from front_judge import Recipe, accuracies, fronts, latencies_ms, marks, volume
from front_sides import SIDES, Side, Wanted, search
from rich.progress import track
from rich.table import Table

SCORED, VALIDATED = 2000, 2000
"""Images at the end of the file: scored at last, and before them the validation set."""
PAD = 2
SLACK_MS = 1.2
"""Networks are judged up to so many times the reference latency, by their side's own timing."""
BARS = (
    ("default", "peer", 3.0),
    ("default", "peer, channels last", 1.7),
    ("default, two cores", "peer", 6.0),
    ("default, two cores", "peer, channels last", 3.0),
)
SECOND_BAR, AS_GOOD = 0.1, 0.99


def write_data(source: Path, wanted: Wanted, judge: Path) -> None:
    """The images for the peer, for the service and for the judge."""
    arrays = np.load(source)
    images, labels = arrays["x"], arrays["y"]
    given, first = len(images) - SCORED, len(images) - SCORED - VALIDATED
    np.savez(wanted.peer_data, x=images[:given], y=labels[:given])
    padded = np.pad(images, ((0, 0), (PAD, PAD), (PAD, PAD)))
    parts = {"": slice(0, first), "_validation": slice(first, given), "_test": slice(given, None)}
    service = {f"x{name}": padded[part] for name, part in parts.items()}
    np.savez(wanted.service_data, **service, **{f"y{name}": labels[part] for name, part in parts.items()})
    np.savez(judge, x=images[:first], y=labels[:first], x_score=images[given:], y_score=labels[given:])


class Cores:
    """Cores of which searches take as many as they need, each for itself."""

    def __init__(self, cores: Iterable[int]) -> None:
        self._free = set(cores)
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, count: int) -> Iterator[frozenset[int]]:
        """So many of them, once they are free."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._free) >= count)
            cores = frozenset(sorted(self._free)[:count])
            self._free -= cores
        try:
            yield cores
        finally:
            with self._changed:
                self._free |= cores
                self._changed.notify_all()


def run_all(sides: Sequence[Side], seeds: Iterable[int], wanted: Wanted, usable: Sequence[int], at_once: int) -> None:
    """Every search that is not in the folder yet, `at_once` of them side by side where there are cores for them."""
    if len(usable) < max(side.cores for side in sides):
        raise SystemExit("a side needs more cores; give more in --cores, or leave it out of --sides")
    (wanted.folder / "runs").mkdir(exist_ok=True)
    tasks = [(side, seed) for seed in seeds for side in sides if not _kept(wanted, side, seed).exists()]
    cores = Cores(usable)

    def run(task: tuple[Side, int]) -> None:
        side, seed = task
        with cores.taken(side.cores) as own:
            found = search(side, seed, own, wanted)
        temporary = _kept(wanted, side, seed).with_suffix(".tmp")
        temporary.write_text(json.dumps(found))
        temporary.replace(_kept(wanted, side, seed))

    with ThreadPoolExecutor(at_once) as pool:
        for _ in track(pool.map(run, tasks), "searches", total=len(tasks)):
            pass


def _kept(wanted: Wanted, side: Side, seed: int) -> Path:
    return wanted.folder / "runs" / f"{side.name}-{seed}.json"


def judged(runs: list[dict[str, Any]], wanted: Wanted, recipe: Recipe, jobs: int) -> dict[str, Any]:
    """Of each run the hypervolume at each mark, by figures that are the same for all."""
    at_s = marks(wanted.minutes)
    within_ms = SLACK_MS * wanted.reference[0]
    members = [[fronts(one["candidates"], at_s, within_ms) for one in run["searches"]] for run in runs]
    names = sorted({name for run in members for one in run for front in one for name in front})
    scores = accuracies(names, recipe, jobs, wanted.folder / "judged.jsonl")
    times = latencies_ms(names, recipe.peer, min(os.sched_getaffinity(0)))

    def at_marks(of: list[list[str]], limit_ms: float) -> list[float]:
        points = [[(scores[n], times[n]) for n in front if times[n] <= limit_ms] for front in of]
        return [volume(found, wanted.reference) for found in points]

    for run, found in zip(runs, members, strict=True):
        first, *second = found
        run["hypervolume"] = at_marks(first, np.inf)
        if second:
            limit_ms = run["searches"][1]["limit_ms"]
            goal = AS_GOOD * at_marks(first, limit_ms)[-1]
            run["second_s"] = _first_at(at_s, at_marks(second[0], limit_ms), goal)
    return {"marks_s": at_s, "runs": runs, "networks": {n: [scores[n], times[n]] for n in names}}


def _first_at(at_s: Sequence[float], volumes: Sequence[float], goal: float) -> float:
    """The first mark at which the goal is reached; infinite where it is not."""
    return next((at for at, found in zip(at_s, volumes, strict=True) if found >= goal), np.inf)


def add_ratios(raw: dict[str, Any]) -> None:
    """Of each run how many times as fast it had what the peer of its seed had in the end, on average over seeds."""
    peers = [run for run in raw["runs"] if run["side"].startswith("peer")]
    goals: dict[str, float] = {}
    for name in {run["side"] for run in peers}:
        goals[name] = statistics.mean(run["hypervolume"][-1] for run in peers if run["side"] == name)
    raw["goals"] = goals
    for run in raw["runs"]:
        run["reached_s"] = {name: _first_at(raw["marks_s"], run["hypervolume"], goal) for name, goal in goals.items()}


def ratio(raw: dict[str, Any], side: str, peer: str) -> float:
    """The peer's whole time over the median time of the side; 0 where it did not get there."""
    reached = [run["reached_s"][peer] for run in raw["runs"] if run["side"] == side and peer in run["reached_s"]]
    return raw["marks_s"][-1] / statistics.median(reached) if reached else 0.0


def bars_of(raw: dict[str, Any]) -> list[Bar]:
    bars = [
        Bar(f"{side}: times as fast as {peer}", ratio(raw, side, peer), bar)
        for side, peer, bar in BARS
        if peer in raw["goals"] and any(run["side"] == side for run in raw["runs"])
    ]
    seconds = [run["second_s"] for run in raw["runs"] if "second_s" in run]
    if seconds:
        share = statistics.median(seconds) / raw["marks_s"][-1]
        bars.append(Bar("a second search, as a share of the first one's time", share, SECOND_BAR, at_most=True))
    return bars


def table_of(raw: dict[str, Any]) -> Table:
    at_s = raw["marks_s"]
    shown = [i for i in range(len(at_s)) if (len(at_s) - 1 - i) % 3 == 0]
    table = Table(title="Hypervolume of the judged fronts: mean over seeds (range)")
    table.add_column("side")
    for column in ("seeds", "candidates", *(f"{at_s[i]:.0f} s" for i in shown)):
        table.add_column(column, justify="right")
    for side in dict.fromkeys(run["side"] for run in raw["runs"]):
        runs = [run for run in raw["runs"] if run["side"] == side]
        count = statistics.mean(len(run["searches"][0]["candidates"]) for run in runs)
        cells = [[run["hypervolume"][i] for run in runs] for i in shown]
        volumes = [f"{statistics.mean(of):.3f} ({max(of) - min(of):.3f})" for of in cells]
        table.add_row(side, str(len(runs)), f"{count:.0f}", *volumes)
    return table


def draw(raw: dict[str, Any]) -> Any:
    """Hypervolume over time, mean and range of the seeds."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5))
    axes = figure.subplots()
    for number, side in enumerate(dict.fromkeys(run["side"] for run in raw["runs"])):
        volumes = np.array([run["hypervolume"] for run in raw["runs"] if run["side"] == side])
        axes.plot(raw["marks_s"], volumes.mean(axis=0), color=f"C{number}", label=side)
        axes.fill_between(raw["marks_s"], volumes.min(axis=0), volumes.max(axis=0), color=f"C{number}", alpha=0.15)
    axes.set(xlabel="seconds since the start of the search", ylabel="hypervolume, judged alike", xscale="log")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def main() -> None:
    parser = add_options(argparse.ArgumentParser(description=__doc__))
    parser.add_argument(
        "--data", type=Path, required=True, metavar="FILE", help="an .npz with x (n, 28, 28) and y (n,)"
    )
    parser.add_argument("--peer", type=Path, required=True, metavar="SCRIPT", help="the from-scratch script")
    parser.add_argument("--out", type=Path, default=Path("time-to-front"), help="folder of runs")
    parser.add_argument("--minutes", type=float, help="of each search")
    parser.add_argument("--seeds", type=int, nargs="+", help="one search of each side a seed")
    parser.add_argument("--sides", nargs="+", choices=[side.name for side in SIDES], help="by default all")
    parser.add_argument("--cores", type=int, nargs="+", help="that searches may run on; by default all")
    parser.add_argument("--parallel", action="store_true", help="searches side by side, each on cores of its own")
    parser.add_argument("--epochs", type=int, default=4, help="of a candidate's training")
    parser.add_argument("--final-epochs", type=int, default=8, help="of the training that fronts are judged by")
    parser.add_argument("--reference", type=float, nargs=2, default=(0.3, 0.8), metavar=("MS", "ACCURACY"))
    parser.add_argument("--only-search", action="store_true", help="leave the judgement to another call")
    chosen = parser.parse_args()
    minutes = chosen.minutes or (1.0 if chosen.quick else 20.0)
    seeds = chosen.seeds or ([0] if chosen.quick else [0, 1, 2])
    names = chosen.sides or (["peer, channels last", "default"] if chosen.quick else [side.name for side in SIDES])
    sides = [side for side in SIDES if side.name in names]
    wanted = Wanted(chosen.out.resolve(), chosen.peer.resolve(), minutes, chosen.epochs, tuple(chosen.reference))
    wanted.folder.mkdir(parents=True, exist_ok=True)
    judge = wanted.folder / "judge.npz"
    write_data(chosen.data, wanted, judge)
    usable = chosen.cores or sorted(os.sched_getaffinity(0))
    run_all(sides, seeds, wanted, usable, len(usable) if chosen.parallel else 1)
    if chosen.only_search:
        return
    runs = [json.loads(_kept(wanted, side, seed).read_text()) for side in sides for seed in seeds]
    recipe = Recipe(judge, wanted.peer, 1 if chosen.quick else chosen.final_epochs)
    raw = judged(runs, wanted, recipe, len(os.sched_getaffinity(0)))
    add_ratios(raw)
    packages = ("torch", "optuna", "onnxruntime", "numpy", "nas-service")
    publish(Findings("time_to_front", raw, bars_of(raw), table_of(raw), packages), chosen, draw)


if __name__ == "__main__":
    main()
