"""Can a latency be trusted? The same networks timed again and again, on an idle core and beside a training.

1. Repeatability: the coefficient of variation of our figure over repetitions, against a plain `timeit` mean, DyNAS-T's
   recipe and nn-Meter's. All four are taken in turns on the same core, each in a fresh process. The training that
   disturbs is a stranger: it knows nothing of our host lock. Our figure is what a finished search tells of its front's
   members: what three timings say together, or five where they disagree, each in another pass over all networks. What
   the first of them alone would have been, as candidates are timed while a search runs, stands beside it.
2. Truth: our figure against that of a plain loop in a fresh process on the idle core, and whether their
   difference depends on the network's size.

Each repetition is written to `--rounds` as soon as it is done; the same command goes on from there.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import Findings, add_options, publish
from latency_figures import CONDITIONS, bars, cost, draw, ratios, repeatability, table, truth
from latency_models import export_networks
from rich.progress import track

from nas_service.domain.spec import FinalizeSpec, TargetSpec
from nas_service.domain.timings import wants_another
from workers.profiling.measure import Effort, Surroundings, measure

HERE = Path(__file__).parent
BUDGET_S = 2.0
RETRIES = 1
"""Of a noisy measurement, as in a search."""
TIMINGS = FinalizeSpec().timings


@dataclass(frozen=True)
class Scale:
    """How much is timed."""

    networks: int
    repetitions: int
    minutes: float
    """Over which the repetitions are spread, at least."""


FULL, QUICK = Scale(networks=20, repetitions=10, minutes=20), Scale(networks=6, repetitions=4, minutes=0)


def parsed() -> argparse.Namespace:
    parser = add_options(argparse.ArgumentParser(description=str(__doc__).splitlines()[0]))
    parser.add_argument(
        "--repetitions", type=int, help=f"of each network and condition, 2 or more (default {FULL.repetitions})"
    )
    parser.add_argument("--minutes", type=float, help=f"to spread them over, at least (default {FULL.minutes:g})")
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)), help="that everything runs on")
    only = "take the rounds of one condition and stop: on a machine of many cores each can have its own"
    parser.add_argument("--only", choices=CONDITIONS, help=only)
    folder = Path("latency-rounds")
    parser.add_argument("--rounds", type=Path, default=folder, metavar="FOLDER", help=f"progress (default {folder})")
    return parser.parse_args()


def ours(model: Path, baseline_dir: Path) -> dict[str, Any]:
    """As a search takes it: again when it was noisy."""
    start = time.perf_counter()
    effort, around = Effort(budget_s=BUDGET_S), Surroundings(baseline_dir=baseline_dir)
    found, retries = measure(model, TargetSpec(), effort, around), 0
    while found.noisy and retries < RETRIES:
        found, retries = measure(model, TargetSpec(), effort, around), retries + 1
    kept = ("median_ms", "timed_median_ms", "ci95_low_ms", "ci95_high_ms", "reference_ratio", "reference_floor_ms")
    kept += ("noisy", "windows", "sessions", "dropped", "held_s", "duration_s", "baseline")
    facts = {name: value for name, value in found.to_dict().items() if name in kept}
    return facts | {
        "retries": retries,
        "wall_s": time.perf_counter() - start,
        "real_time": found.birthplace["real_time"],
        "load_average": found.birthplace["load_average"],
    }


def peers(model: Path, core: int, condition: str) -> dict[str, float]:
    loop = "loop" if condition == "idle" else "no-loop"
    command = [sys.executable, str(HERE / "latency_peers.py"), str(model), str(core), loop]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    found: dict[str, float] = json.loads(done.stdout)
    return found


@contextlib.contextmanager
def disturbance(condition: str, core: int) -> Iterator[None]:
    """A training on the core while it is to be loaded."""
    if condition == "idle":
        yield
        return
    command = [sys.executable, str(HERE / "latency_load.py"), str(core)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"training\n"
            yield
        finally:
            process.kill()


def take_round(networks: list[Path], condition: str, chosen: argparse.Namespace) -> dict[str, Any]:
    """One repetition of every network: a pass with everybody's timing, then those that ours take more."""
    timings: dict[Path, dict[str, Any]] = {}
    with disturbance(condition, chosen.core):
        for model in networks:
            own = [ours(model, chosen.rounds / "baselines")]
            timings[model] = {"network": model.stem, "ours": own, **peers(model, chosen.core, condition)}
        while again := [model for model in networks if wants_another(ratios(timings[model]), TIMINGS)]:
            for model in again:
                timings[model]["ours"].append(ours(model, chosen.rounds / "baselines"))
    return {"condition": condition, "at_s": time.time(), "timings": list(timings.values())}


def run(scale: Scale, chosen: argparse.Namespace) -> list[dict[str, Any]]:
    """All rounds: those of earlier runs are read, the others taken, in turns idle and loaded."""
    chosen.rounds.mkdir(parents=True, exist_ok=True)
    networks = export_networks(chosen.rounds, scale.networks)
    os.sched_setaffinity(0, {chosen.core})
    conditions = (chosen.only,) if chosen.only else CONDITIONS
    cases = [(n, condition) for n in range(scale.repetitions) for condition in conditions]
    found, started_s = [], time.time()
    for number, condition in track(cases, description="rounds"):
        path = chosen.rounds / f"{scale.networks}-networks-{TIMINGS}-timings-{number:02d}-{condition}.json"
        if path.exists():
            found.append(json.loads(path.read_text()))
            started_s = min(started_s, found[0]["at_s"])
            continue
        time.sleep(max(0.0, started_s + number * scale.minutes * 60 / max(1, scale.repetitions - 1) - time.time()))
        found.append(take_round(networks, condition, chosen))
        path.write_text(json.dumps(found[-1]))
    return found


def main() -> None:
    chosen = parsed()
    base = QUICK if chosen.quick else FULL
    repetitions = base.repetitions if chosen.repetitions is None else max(2, chosen.repetitions)
    scale = Scale(base.networks, repetitions, base.minutes if chosen.minutes is None else chosen.minutes)
    rounds = run(scale, chosen)
    if chosen.only:
        return
    rows, true, spent = repeatability(rounds), truth(rounds), cost(rounds)
    raw = {"repeatability": rows, "truth": true, "cost": spent, "rounds": rounds}
    packages = ("numpy", "onnxruntime", "torch", "nas-service")
    publish(Findings("latency", raw, bars(rows, true), table(rows, true, spent), packages), chosen, draw)


if __name__ == "__main__":
    main()
