"""What training the better candidates further is worth: `schedule: asha` beside `full`, at equal CPU time.

Both are whole searches of this service in this process, with the same data, space, sampler, seed and training but for
the schedule, and a constraint on MACs. A search ends when its CPU seconds are spent: training, validation, export and
timing of all candidates, children included. The hypervolume is that of fully trained candidates alone, of validation
accuracy against log10 MACs, which are exact; its reference point is the worst of each objective over all runs.
"""

import argparse
import resource
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from math import log10
from pathlib import Path
from typing import Any

import structlog
import torch
from common import Bar, Findings, add_options, publish
from no_op_workers import QUEUES
from rich.progress import track
from rich.table import Table

from nas_service.bootstrap import Service, bootstrap
from nas_service.domain.entities import Search, WorkItem, WorkKind
from nas_service.domain.front import reference_point
from nas_service.domain.hypervolume import hypervolume
from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import CandidateStatus, is_over
from nas_service.migrate import migrate
from nas_service.search.memories import SqlMemories
from nas_service.settings import Settings
from nas_service.use_cases import work
from nas_service.use_cases.advance import advance
from nas_service.use_cases.submit import submit
from workers.execution import Executor

SCHEDULES = ("full", "asha")
MAXIMIZE = (True, False)
SHARES = (0.25, 0.5, 0.75, 1.0)
"""Of the CPU time, at which the hypervolume is told."""
LEASE_S = 3600.0
MACS_LIMIT = 1_500_000
EPOCHS = 9


def spec(dataset: str, schedule: str, seed: int, epochs: int) -> SearchSpec:
    return SearchSpec.model_validate(
        {
            "dataset": {"name": dataset},
            "objectives": [{"metric": "accuracy"}, {"metric": "macs"}],
            "constraints": [{"metric": "macs", "max": MACS_LIMIT}],
            "strategy": {"sampler": "predictor", "schedule": schedule},
            "training": {"epochs": epochs, "precision": "fp32", "learning_rate_decay": "trapezoid"},
            "budget": {"candidates": 10_000, "parallelism": 1},
            "seed": seed,
        }
    )


@contextmanager
def service_at(home: Path, data: Path | None) -> Iterator[Service]:
    roots = (data.parent,) if data else (home,)
    settings = Settings(home=home, data_roots=roots, measure_s=0.2, host_lock_dir=home)
    migrate(settings)
    service = bootstrap(settings)
    try:
        yield service
    finally:
        service.store.engine.dispose()


def cpu_s() -> float:
    """Of this process and of its children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def run(service: Service, wanted: SearchSpec, budget_s: float) -> dict[str, Any]:
    """One search until its CPU seconds are spent, or it is over."""
    search, _ = submit(service.store, [], wanted)
    executor, memories = Executor(service, threading.Event()), SqlMemories()
    evaluations: list[tuple[str, int]] = []
    completed: dict[str, dict[str, float]] = {}
    start = None
    while start is None or cpu_s() - start < budget_s:
        advance(service.store, memories, search.id)
        item = work.claim(service.store, QUEUES, "benchmark", LEASE_S)
        if item is None:
            break
        start = start or (cpu_s() if item.kind is WorkKind.EVALUATE else None)
        if item.kind is WorkKind.EVALUATE:
            evaluations.append((_architecture(service, item), item.payload["epochs"]))
        executor.do(item)
        for candidate_id, metrics in _completed(service, search).items():
            completed.setdefault(candidate_id, metrics | {"cpu_s": cpu_s() - (start or cpu_s())})
    with service.store.read() as uow:
        candidates = uow.candidates.of(search.id, list(CandidateStatus))
    return {
        "schedule": wanted.strategy.schedule,
        "seed": wanted.seed,
        "proposed": len(candidates),
        "failed": sum(c.status is CandidateStatus.FAILED for c in candidates),
        "completed": sorted(completed.values(), key=lambda found: found["cpu_s"]),
        "duplicates": sum(count - 1 for count in Counter(evaluations).values()),
        "violations": sum(c.metrics["macs"] > MACS_LIMIT for c in candidates),
        "trainings": Counter(epochs for _, epochs in evaluations),
    }


def _architecture(service: Service, item: WorkItem) -> str:
    with service.store.read() as uow:
        return uow.candidates.get(str(item.candidate_id)).architecture_key


def _completed(service: Service, search: Search) -> dict[str, dict[str, float]]:
    with service.store.read() as uow:
        if is_over(uow.searches.get(search.id).status):
            return {}
        done = uow.candidates.completed(search.id)
    return {c.id: {"accuracy": c.known.metrics["accuracy"], "macs": c.known.metrics["macs"]} for c in done}


def add_hypervolumes(runs: list[dict[str, Any]], budget_s: float) -> None:
    """At each share of the time, by one reference point for all runs."""
    points = [[(c["accuracy"], log10(c["macs"])) for c in one["completed"]] for one in runs]
    if not any(found for found, one in zip(points, runs, strict=True) if one["schedule"] == "full"):
        raise SystemExit(f"no candidate was trained to the end in {budget_s:g} CPU seconds; raise --cpu-s")
    reference = reference_point([point for found in points for point in found], MAXIMIZE)
    for found, one in zip(points, runs, strict=True):
        times = [c["cpu_s"] for c in one["completed"]]
        counts = {share: sum(at <= share * budget_s for at in times) for share in SHARES}
        one["hypervolume"] = {share: hypervolume(found[:n], reference, MAXIMIZE) for share, n in counts.items()}


def table_of(runs: list[dict[str, Any]], budget_s: float) -> Table:
    table = Table(title=f"asha and full at equal CPU time ({budget_s:g} s), fully trained candidates only")
    marks = [f"HV at {share * budget_s:g} s" for share in SHARES]
    for column in ("schedule", "seed", "proposed", "full trainings", *marks):
        table.add_column(column, justify="right")
    for run in runs:
        volumes = [f"{run['hypervolume'][share]:.4f}" for share in SHARES]
        table.add_row(run["schedule"], str(run["seed"]), str(run["proposed"]), str(len(run["completed"])), *volumes)
    return table


def bars_of(runs: list[dict[str, Any]]) -> list[Bar]:
    last = {s: [r["hypervolume"][1.0] for r in runs if r["schedule"] == s] for s in SCHEDULES}
    ratio = sum(last["asha"]) / max(sum(last["full"]), 1e-12)
    duplicates, violations = (sum(run[key] for run in runs) for key in ("duplicates", "violations"))
    return [
        Bar("hypervolume, asha over full", ratio, 1.0),
        Bar("architectures trained twice to one rung", duplicates, 0, at_most=True),
        Bar("candidates that break the computable constraint", violations, 0, at_most=True),
    ]


def draw(raw: dict[str, Any]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4))
    axes = figure.subplots()
    for run in raw["runs"]:
        color = "C1" if run["schedule"] == "asha" else "C0"
        times = [float(share) * raw["budget_s"] for share in run["hypervolume"]]
        axes.plot(times, list(run["hypervolume"].values()), color=color, label=run["schedule"], marker="o")
    handles, labels = axes.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    axes.legend(unique.values(), unique.keys())
    axes.set(xlabel="CPU seconds", ylabel="hypervolume of full trainings")
    return figure


def main() -> None:
    parser = add_options(argparse.ArgumentParser(description=__doc__))
    parser.add_argument("--data", type=Path, metavar="FILE", help="an .npz of images; by default digits")
    parser.add_argument("--cpu-s", type=float, help="CPU seconds of each search")
    parser.add_argument("--seeds", type=int, help="searches of each schedule")
    chosen = parser.parse_args()
    budget_s = chosen.cpu_s or (40.0 if chosen.quick else 600.0)
    seeds = chosen.seeds or (1 if chosen.quick else 3)
    dataset = f"npz:{chosen.data.name}" if chosen.data else "digits"
    torch.set_num_threads(1)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    runs = []
    for seed, schedule in track([(seed, s) for seed in range(seeds) for s in SCHEDULES], "searches"):
        with (
            tempfile.TemporaryDirectory(prefix="nas-benchmark-") as home,
            service_at(Path(home), chosen.data) as service,
        ):
            runs.append(run(service, spec(dataset, schedule, seed, epochs=9), budget_s))
    add_hypervolumes(runs, budget_s)
    raw = {"budget_s": budget_s, "dataset": dataset, "runs": runs}
    packages = ("torch", "optuna", "onnxruntime", "numpy")
    publish(Findings("multi_fidelity", raw, bars_of(runs), table_of(runs, budget_s), packages), chosen, draw)


if __name__ == "__main__":
    main()
