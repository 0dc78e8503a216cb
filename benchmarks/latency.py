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
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from common import Bar, Findings, add_options, publish
from latency_models import export_networks
from rich.progress import track
from rich.table import Table

from nas_service.domain.spec import FinalizeSpec, TargetSpec
from nas_service.domain.timings import location_of, wants_another
from workers.profiling.measure import Effort, Surroundings, measure

HERE = Path(__file__).parent
CONDITIONS = ("idle", "loaded")
PEERS = ("timeit", "dynas_t", "nn_meter")
BUDGET_S = 2.0
RETRIES = 1
"""Of a noisy measurement, as in a search."""
TIMINGS = FinalizeSpec().timings
OURS, FIRST = "ours", "first timing"
TYPICAL_BAR, WORST_BAR, GAIN_BAR, TRUTH_BAR = 1.0, 2.0, 5.0, 2.0
QUIET_QUANTILE = 0.25
RESAMPLES = 2_000


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


def ratios(timing: dict[str, Any]) -> list[float]:
    """Of our timings: whatever unit they are told in."""
    return [own["reference_ratio"] for own in timing["ours"]]


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
