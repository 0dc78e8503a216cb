"""How long it takes to a good front: this service beside the script that a user would write today, on the same data.

Both search the same networks (`spaces/peer_mobilenet`) by the same training and validation images, for accuracy and
latency on the same cores. `--peer` is the from-scratch script with Optuna's NSGA-II, in its own memory layout and in
the faster one. At marks on a logarithmic scale the front of each side is judged (`front_judge.py`), and the time is
taken at which a side has what the peer has in the end. After its search the default has a second one, on the same data
with a constraint on latency, which may take a tenth as long.

Runs and judgements are kept in `--out` and not repeated; so it can be stopped and started again. `--parallel` runs
searches side by side on cores of their own. The service may be given less time than the peer (`--own-minutes`): its
front then stays what it was. Latencies are timed last of all; nothing else should run on the machine then.
"""

import argparse
import json
import os
import statistics
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from common import Bar, Findings, add_options, publish
from front_cores import Cores
from front_judge import Recipe, Scores, fronts, latencies_ms, marks, volume
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


Task = tuple[Side, int]
"""A side and a seed."""


def run_all(tasks: Sequence[Task], wanted: Wanted, cores: Cores, at_once: int, scores: Scores) -> None:
    """Every search that is not in the folder yet, `at_once` of them side by side where there are cores for them.

    Once the last one has begun, the networks of those that are over are trained on cores that become free.
    """
    (wanted.folder / "runs").mkdir(exist_ok=True)
    missing = [task for task in tasks if not _kept(wanted, task).exists()]
    to_begin = {_kept(wanted, task) for task in missing}

    def run(task: Task) -> None:
        side, seed = task
        with cores.taken(side.cores) as own:
            to_begin.discard(_kept(wanted, task))
            found = search(side, seed, own, wanted)
        temporary = _kept(wanted, task).with_suffix(".tmp")
        temporary.write_text(json.dumps(found))
        temporary.replace(_kept(wanted, task))
        if not to_begin:
            scores.want(_networks(_members(found, wanted)))

    with ThreadPoolExecutor(at_once) as pool:
        for _ in track(pool.map(run, missing), "searches", total=len(missing)):
            pass


def _kept(wanted: Wanted, task: Task) -> Path:
    side, seed = task
    return wanted.folder / "runs" / f"{side.name}-{seed}.json"


Members = list[list[list[str]]]
"""By search and mark the names of the networks on the front."""


def _members(run: dict[str, Any], wanted: Wanted) -> Members:
    at_s, within_ms = marks(wanted.minutes), SLACK_MS * wanted.reference[0]
    return [fronts(one["candidates"], at_s, within_ms) for one in run["searches"]]


def _networks(members: Members) -> list[str]:
    return sorted({name for one in members for front in one for name in front})


def judged(runs: list[dict[str, Any]], wanted: Wanted, judge: Scores) -> dict[str, Any]:
    """Of each run the hypervolume at each mark, by figures that are the same for all."""
    at_s = marks(wanted.minutes)
    members = [_members(run, wanted) for run in runs]
    names = sorted({name for of in members for name in _networks(of)})
    scores = judge.of(names)
    times = latencies_ms(names, wanted.peer, min(os.sched_getaffinity(0)))

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
    """The first mark at which the goal is reached; infinite where it is not, or nothing is a goal."""
    return next((at for at, found in zip(at_s, volumes, strict=True) if found >= goal > 0), np.inf)


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
    shares = [run["second_s"] / (60 * run["minutes"]) for run in raw["runs"] if "second_s" in run]
    if shares:
        share = statistics.median(shares)
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
        last_s = max(60 * run["minutes"] for run in raw["runs"] if run["side"] == side)
        at_s = [at for at in raw["marks_s"] if at <= 1.001 * last_s]
        volumes = volumes[:, : len(at_s)]
        axes.plot(at_s, volumes.mean(axis=0), color=f"C{number}", label=side)
        axes.fill_between(at_s, volumes.min(axis=0), volumes.max(axis=0), color=f"C{number}", alpha=0.15)
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
    parser.add_argument("--minutes", type=float, help="of each search; by default 20")
    parser.add_argument("--own-minutes", type=float, metavar="MINUTES", help="of each search by the service, if other")
    parser.add_argument("--seeds", type=int, nargs="+", help="one search of each side a seed")
    parser.add_argument("--sides", nargs="+", choices=[side.name for side in SIDES], help="by default all")
    parser.add_argument("--cores", type=int, nargs="+", help="to search and to judge on; by default all")
    parser.add_argument("--parallel", action="store_true", help="searches side by side, each on cores of its own")
    parser.add_argument("--epochs", type=int, default=4, help="of a candidate's training")
    parser.add_argument("--final-epochs", type=int, help="of the training that fronts are judged by; by default 8")
    parser.add_argument("--reference", type=float, nargs=2, default=(0.3, 0.8), metavar=("MS", "ACCURACY"))
    parser.add_argument("--only-search", action="store_true", help="leave the judgement to another call")
    chosen = parser.parse_args()
    minutes = chosen.minutes or (1.0 if chosen.quick else 20.0)
    seeds = chosen.seeds or ([0] if chosen.quick else [0, 1, 2])
    names = chosen.sides or (["peer, channels last", "default"] if chosen.quick else [side.name for side in SIDES])
    tasks = [(side, seed) for seed in seeds for side in SIDES if side.name in names]
    folder, peer = chosen.out.resolve(), chosen.peer.resolve()
    wanted = Wanted(folder, peer, minutes, chosen.own_minutes or minutes, chosen.epochs, tuple(chosen.reference))
    folder.mkdir(parents=True, exist_ok=True)
    recipe = Recipe(folder / "judge.npz", peer, chosen.final_epochs or (1 if chosen.quick else 8))
    write_data(chosen.data, wanted, recipe.data)
    cores = Cores(chosen.cores or os.sched_getaffinity(0))
    if cores.count < max(side.cores for side, _ in tasks):
        raise SystemExit("a side needs more cores; give more in --cores, or leave it out of --sides")
    with closing(Scores(recipe, cores, folder / "judged.jsonl")) as scores:
        run_all(tasks, wanted, cores, cores.count if chosen.parallel else 1, scores)
        if chosen.only_search:
            return
        raw = judged([json.loads(_kept(wanted, task).read_text()) for task in tasks], wanted, scores)
    add_ratios(raw)
    packages = ("torch", "optuna", "onnxruntime", "numpy", "nas-service")
    publish(Findings("time_to_front", raw, bars_of(raw), table_of(raw), packages), chosen, draw)


if __name__ == "__main__":
    main()
