"""What a front gains where the space chooses the precision: searches in fp32 alone beside searches in fp32 and int8.

Both are whole searches of this service for equal minutes, on the same data, in the same space (the kind of blocks is
free in both) of networks whose arithmetic counts, with the same sampler, seed and training; each on a core of its own,
where it trains, exports and times in turn. Then the networks of both fronts are judged alike
(`mixed_precision_judge.py`).

The ratio at equal accuracy: at each accuracy that both judged fronts reach, from the higher of their lowest ones to the
lower of their highest ones, the latency of the fastest network in fp32 that is at least as accurate over that of the
fastest one on the other front; the geometric mean over these accuracies. Where half a point may be given up, the front
in fp32 gains by that, too: `slack alone` is its ratio to itself. Networks that a search has tried at both precisions
are compared with themselves.

What is done is kept in `--keep`, and a run that was stopped goes on from there.
"""

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

from common import Bar, Findings, add_options, publish
from mixed_precision_figures import GIVEN_UP, Member, compared, interval, together
from mixed_precision_judge import chosen as judged_members
from mixed_precision_judge import identity, networks_of, timed, trained
from mixed_precision_search import MAXIMIZE, SIDES, Wanted, front_of, searched
from rich.table import Table
from side_by_side import add_options as add_job_options
from side_by_side import all_of, processes

from nas_service.domain.front import non_dominated


def run(chosen: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """One entry a seed."""
    data = chosen.data.resolve() if chosen.data else None
    wanted = Wanted(folder.resolve(), data, chosen.minutes, chosen.epochs, tuple(chosen.macs))
    cases = [(side, seed) for seed in range(chosen.seeds) for side in SIDES]
    with processes(chosen) as pool:
        searches = all_of(pool, searched, [(*case, wanted) for case in cases], "searches")
        fronts = {case: judged_members(front_of(one["candidates"])) for case, one in zip(cases, searches, strict=True)}
        networks = networks_of(list(fronts.values()))
        networks.sort(key=lambda network: -len(network.precisions))  # the longest first
        figures = all_of(pool, trained, [(n, chosen.judge_epochs, wanted) for n in networks], "trainings")
        by_key = {one["key"]: one for one in figures}
        keys = {case: [identity(member) for member in members] for case, members in fronts.items()}
        files = {seed: sorted({one for side in SIDES for one in keys[side, seed]}) for seed in range(chosen.seeds)}
        latencies = all_of(pool, timed, [(seed, files[seed], wanted) for seed in files], "timings")
    entries = []
    for seed in range(chosen.seeds):
        own = [one for one in searches if one["seed"] == seed]
        judged = {side: [member_of(at, by_key, latencies[seed]) for at in keys[side, seed]] for side in SIDES}
        entries.append({"seed": seed, "searches": own, "fronts": judged, **compared(judged["fp32"], judged["mixed"])})
    return entries


def member_of(at: tuple[str, str], by_key: dict[str, Any], latencies: dict[str, float]) -> Member:
    """A network at a precision, as judged."""
    (key, precision), figures = at, by_key[at[0]]
    return {
        "key": key,
        "precision": precision,
        "accuracy": figures["accuracy"][precision],
        "latency_ms": latencies[f"{key} {precision}"],
        "file_ratio": figures["bytes"][precision] / figures["bytes"]["fp32"],
        "loss_points": 100 * (figures["accuracy"]["fp32"] - figures["accuracy"][precision]),
    }


def table_of(runs: list[dict[str, Any]]) -> Table:
    found = together(runs)
    shown = [f"{name} {_shown(found[name])}" for name in ("ratio", "ratio_given_up", "slack_alone")]
    shown.append(f"members of all seeds as two fronts {found['fronts']['ratio']:.2f}")
    if found["pair"]:
        shown.append(f"{len(found['pairs'])} networks in int8 beside themselves {_shown(found['pair'])}")
    table = Table(
        title="times that the front with both precisions is faster, at equal accuracy", caption="; ".join(shown)
    )
    columns = (
        "seed",
        "candidates",
        "trained",
        "members (int8)",
        "accuracies",
        "ratio",
        f"at -{GIVEN_UP}",
        "slack alone",
    )
    for column in columns:
        table.add_column(column, justify="right")
    for one in runs:
        low, high = one["accuracies"]
        table.add_row(
            str(one["seed"]),
            " / ".join(str(len(search["candidates"])) for search in one["searches"]),
            " / ".join(str(search["trained"]) for search in one["searches"]),
            f"{len(one['fronts']['fp32'])} / {len(one['fronts']['mixed'])} ({len(_int8(one))})",
            f"{low:.3f} to {high:.3f}",
            f"{one['ratio']:.2f}",
            f"{one['ratio_given_up']:.2f}",
            f"{one['slack_alone']:.2f}",
        )
    return table


def _shown(found: tuple[float, float, float]) -> str:
    middle, low, high = found
    return f"{middle:.2f} [{low:.2f}, {high:.2f}]"


def _int8(one: dict[str, Any]) -> list[Member]:
    return [member for member in one["fronts"]["mixed"] if member["precision"] == "int8"]


def bars_of(runs: list[dict[str, Any]]) -> list[Bar]:
    int8 = [member for one in runs for member in _int8(one)]
    behind = statistics.mean(100 * (one["highest"]["fp32"] - one["highest"]["mixed"]) for one in runs)
    fewest = min(len(search["candidates"]) for one in runs for search in one["searches"])
    bars = [
        Bar("times faster at equal accuracy", interval([one["ratio"] for one in runs])[0], 1.3),
        Bar("points that the best of both precisions is below the best in fp32", behind, 0.5, at_most=True),
        Bar("candidates of each search", fewest, 40),
    ]
    if int8:
        size = statistics.median(member["file_ratio"] for member in int8)
        loss = statistics.mean(member["loss_points"] for member in int8)
        bars.append(Bar("int8 file over the same network's fp32 file, median", size, 0.3, at_most=True))
        bars.append(Bar("points that a network loses in int8, mean", loss, 0.5, at_most=True))
    return bars


def draw(raw: dict[str, Any]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5 * len(raw["runs"]), 4))
    for axes, one in zip(figure.subplots(1, len(raw["runs"]), squeeze=False)[0], raw["runs"], strict=True):
        for side, color in (("fp32", "C0"), ("mixed", "C1")):
            members = one["fronts"][side]
            kept = non_dominated([(member["accuracy"], member["latency_ms"]) for member in members], MAXIMIZE)
            line = sorted((members[i]["latency_ms"], members[i]["accuracy"]) for i in kept)
            axes.step(*zip(*line, strict=True), where="post", color=color, label=side)
            for member in members:
                filled = color if member["precision"] == "int8" else "white"
                axes.plot(member["latency_ms"], member["accuracy"], "o", color=color, markerfacecolor=filled)
        axes.set(xlabel="ms", xscale="log", ylabel="test accuracy", title=f"seed {one['seed']}: {one['ratio']:.2f}")
        axes.legend()
    return figure


def parsed() -> argparse.Namespace:
    parser = add_job_options(add_options(argparse.ArgumentParser(description=str(__doc__).splitlines()[0])))
    parser.add_argument("--data", type=Path, metavar="FILE", help="an .npz of images; by default enlarged digits")
    parser.add_argument("--minutes", type=float, help="of each search (default 30)")
    parser.add_argument("--epochs", type=int, help="of each training (default 10)")
    parser.add_argument("--judge-epochs", type=int, help="of each training of the judge (default 15)")
    parser.add_argument("--macs", type=float, nargs=2, help="the fewest and the most of a network (default 10e6 120e6)")
    parser.add_argument("--seeds", type=int, help="pairs of searches (default 3)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep what is done, and go on from it")
    chosen = parser.parse_args()
    usual = {"minutes": 30.0, "epochs": 10, "judge_epochs": 15, "macs": [10e6, 120e6], "seeds": 3}
    quick = {"minutes": 0.4, "epochs": 2, "judge_epochs": 2, "macs": [2e6, 12e6], "seeds": 1}
    for name, value in (quick if chosen.quick else usual).items():
        if getattr(chosen, name) is None:
            setattr(chosen, name, value)
    return chosen


def main() -> None:
    chosen = parsed()
    with tempfile.TemporaryDirectory(prefix="nas-benchmark-") as scratch:
        runs = run(chosen, chosen.keep or Path(scratch))
    names = ("minutes", "epochs", "judge_epochs", "macs", "seeds", "device", "jobs")
    raw = {name: getattr(chosen, name) for name in names} | {"runs": runs, "together": together(runs)}
    packages = ("torch", "optuna", "onnxruntime", "numpy")
    publish(Findings("mixed_precision", raw, bars_of(runs), table_of(runs), packages), chosen, draw)


if __name__ == "__main__":
    main()
