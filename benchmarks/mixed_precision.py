"""What a front gains where the space chooses the precision: searches in fp32 alone beside searches in fp32 and int8.

Both are whole searches of this service in this process, with the same data, space (the kind of blocks is free in both),
sampler, seed, training and number of candidates, and neither takes over what an earlier search found. Accuracies are
those of the executed files on validation images, latencies are measured again when a front is finished. Where the
fp32-only front has a network, the other front's fastest one that is at least as accurate is held against it.
"""

import argparse
import tempfile
import threading
import time
from pathlib import Path
from statistics import geometric_mean, median
from typing import Any

import structlog
import torch
from common import Bar, Findings, add_options, publish
from multi_fidelity import LEASE_S, service_at
from no_op_workers import QUEUES
from rich.progress import track
from rich.table import Table

from nas_service.bootstrap import Service
from nas_service.domain.entities import Search
from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import SearchStatus, is_over
from nas_service.search.memories import SqlMemories
from nas_service.use_cases import work
from nas_service.use_cases.advance import advance
from nas_service.use_cases.front import Place, front
from nas_service.use_cases.submit import submit
from workers.execution import Executor

RUNTIMES = ("onnxruntime", "openvino")
SIDES = {"fp32": ["fp32"], "mixed": ["fp32", "int8"]}
CHOICES: dict[str, list[Any]] = {
    "kind": ["separable", "inverted", "fused"],
    "resolution": [32],
    "stages": [3],
    "width_multiplier": [0.5, 1.0, 1.5],
    "depth": [1, 2],
    "depth_multiplier": [1.0],
    "kernel": [3, 5],
    "fused_kernel": [3],
    "squeeze_excite": [False],
    "activation": ["relu"],
    "downsample": ["stride"],
}
MACS_LIMIT = 24_000_000
GIVEN_UP = 0.005
"""Of accuracy, where a little less is allowed."""


def spec(chosen: argparse.Namespace, runtime: str, side: str, seed: int) -> SearchSpec:
    """Digits are enlarged to 32 pixels: at their own 8 a latency is mostly that of the calls."""
    own = {"name": f"npz:{chosen.data.name}"} if chosen.data else {"name": "digits", "image_size": 32}
    return SearchSpec.model_validate(
        {
            "dataset": own,
            "space": {"preset": "small", "choices": CHOICES | {"precision": SIDES[side]}},
            "targets": [{"runtime": runtime}],
            "constraints": [{"metric": "macs", "max": MACS_LIMIT}],
            "strategy": {"sampler": "predictor", "warm_start": False},
            "training": {"epochs": chosen.epochs, "precision": "fp32"},
            "budget": {"candidates": chosen.candidates, "parallelism": 1},
            "seed": seed,
        }
    )


def run(service: Service, wanted: SearchSpec) -> Search:
    """One search to its end. Trainings that an earlier one has paid for are found again, and count all the same."""
    search, _ = submit(service.store, service.checks, wanted)
    executor, memories = Executor(service, threading.Event()), SqlMemories()
    while not is_over(search.status):
        advance(service.store, memories, search.id)
        if (item := work.claim(service.store, QUEUES, "benchmark", LEASE_S)) is not None:
            executor.do(item)
        with service.store.read() as uow:
            search = uow.searches.get(search.id)
    if search.status is not SearchStatus.SUCCEEDED:
        raise SystemExit(f"the search in {wanted.space.choices['precision']} ended {search.status}: {search.failure}")
    return search


def members_of(service: Service, search: Search) -> list[dict[str, Any]]:
    with service.store.read() as uow:
        return [_member(place) for place in front(uow, search.id).members]


def _member(place: Place) -> dict[str, Any]:
    accuracy, latency_ms = place.point
    candidate, final = place.candidate, place.candidate.final or {}
    return {
        "accuracy": accuracy,
        "latency_ms": latency_ms,
        "precision": candidate.architecture.get("precision", "fp32"),
        "kinds": [value for name, value in candidate.architecture.items() if name.endswith("_kind")],
        "file_ratio": final["model_file_bytes"] / final["files"]["model.onnx"]["size_bytes"],
        "test_accuracy": final["test_accuracy"],
    }


def ratios(fp32: list[dict[str, Any]], mixed: list[dict[str, Any]], given_up: float = 0.0) -> list[float | None]:
    """By member of the fp32 front how many times faster the mixed one is as accurate; None where it never is."""
    found: list[float | None] = []
    for member in fp32:
        able = [m["latency_ms"] for m in mixed if m["accuracy"] >= member["accuracy"] - given_up]
        found.append(member["latency_ms"] / min(able) if able else None)
    return found


def compared(runtime: str, seed: int, fronts: dict[str, list[dict[str, Any]]], wall_s: float) -> dict[str, Any]:
    return {
        "runtime": runtime,
        "seed": seed,
        "fronts": fronts,
        "ratios": ratios(fronts["fp32"], fronts["mixed"]),
        "ratios_given_up": ratios(fronts["fp32"], fronts["mixed"], GIVEN_UP),
        "wall_s": wall_s,
    }


def reached(found: list[float | None]) -> list[float]:
    return [ratio for ratio in found if ratio is not None]


def table_of(runs: list[dict[str, Any]]) -> Table:
    table = Table(title="times that the mixed front is faster than the fp32-only one, at its accuracies")
    columns = ("runtime", "seed", "fp32 front", "mixed front (int8)", "reached", "geometric mean", "least", "most")
    for column in (*columns, f"mean at -{GIVEN_UP}", "wall s"):
        table.add_column(column, justify="right")
    for one in runs:
        fp32, mixed, found = one["fronts"]["fp32"], one["fronts"]["mixed"], reached(one["ratios"])
        int8 = sum(member["precision"] == "int8" for member in mixed)
        shown = [f"{of(found):.2f}" if found else "-" for of in (geometric_mean, min, max)]
        less = reached(one["ratios_given_up"])
        table.add_row(
            *(one["runtime"], str(one["seed"]), str(len(fp32)), f"{len(mixed)} ({int8})", f"{len(found)}/{len(fp32)}"),
            *(*shown, f"{geometric_mean(less):.2f}" if less else "-", f"{one['wall_s']:.0f}"),
        )
    return table


def bars_of(runs: list[dict[str, Any]]) -> list[Bar]:
    bars = []
    for runtime in dict.fromkeys(one["runtime"] for one in runs):
        tried = [ratio for one in runs if one["runtime"] == runtime for ratio in one["ratios"]]
        found = reached(tried)
        bars.append(Bar(f"{runtime}: times faster at equal accuracy", geometric_mean(found) if found else 0.0, 1.3))
        bars.append(Bar(f"{runtime}: share of the fp32 front's accuracies reached", len(found) / len(tried), 0.9))
    mixed = [member for one in runs for member in one["fronts"]["mixed"] if member["precision"] == "int8"]
    if mixed:
        size = median(member["file_ratio"] for member in mixed)
        bars.append(Bar("int8 file over the same network's fp32 file, median", size, 0.3, at_most=True))
    return bars


def draw(raw: dict[str, Any]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5 * len(raw["runs"]), 4))
    for axes, one in zip(figure.subplots(1, len(raw["runs"]), squeeze=False)[0], raw["runs"], strict=True):
        for side, color in (("fp32", "C0"), ("mixed", "C1")):
            members = sorted(one["fronts"][side], key=lambda member: member["latency_ms"])
            latencies, accuracies = ([m[key] for m in members] for key in ("latency_ms", "accuracy"))
            axes.step(latencies, accuracies, where="post", color=color, label=side)
            for member in members:
                filled = color if member["precision"] == "int8" else "white"
                axes.plot(member["latency_ms"], member["accuracy"], "o", color=color, markerfacecolor=filled)
        axes.set(xlabel="ms", xscale="log", ylabel="validation accuracy", title=f"{one['runtime']}, seed {one['seed']}")
        axes.legend()
    return figure


def main() -> None:
    parser = add_options(argparse.ArgumentParser(description=__doc__))
    parser.add_argument("--data", type=Path, metavar="FILE", help="an .npz of images; by default enlarged digits")
    parser.add_argument("--candidates", type=int, help="of each search")
    parser.add_argument("--epochs", type=int, default=8, help="of each training")
    parser.add_argument("--seeds", type=int, default=1, help="pairs of searches on each runtime")
    chosen = parser.parse_args()
    chosen.candidates = chosen.candidates or (6 if chosen.quick else 30)
    torch.set_num_threads(1)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    runs = []
    with tempfile.TemporaryDirectory(prefix="nas-benchmark-") as home, service_at(Path(home), chosen.data) as service:
        for seed, runtime in track([(s, r) for s in range(chosen.seeds) for r in RUNTIMES], "pairs of searches"):
            start = time.monotonic()
            fronts = {s: members_of(service, run(service, spec(chosen, runtime, s, seed))) for s in SIDES}
            runs.append(compared(runtime, seed, fronts, time.monotonic() - start))
    packages = ("torch", "optuna", "onnxruntime", "openvino", "numpy")
    raw = {"candidates": chosen.candidates, "epochs": chosen.epochs, "runs": runs}
    publish(Findings("mixed_precision", raw, bars_of(runs), table_of(runs), packages), chosen, draw)


if __name__ == "__main__":
    main()
