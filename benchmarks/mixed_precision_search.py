"""One search of `mixed_precision.py`, in a process and on a core of its own."""

import json
import shutil
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
import torch
from multi_fidelity import LEASE_S, service_at
from no_op_workers import QUEUES

from nas_service.bootstrap import Service
from nas_service.domain.entities import Candidate, Search
from nas_service.domain.front import non_dominated
from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import CandidateStatus, SearchPhase, is_over
from nas_service.search.memories import SqlMemories
from nas_service.use_cases import work
from nas_service.use_cases.advance import advance
from nas_service.use_cases.submit import submit
from workers.execution import Executor

SIDES = {"fp32": ["fp32"], "mixed": ["fp32", "int8"]}
MAXIMIZE = (True, False)
METRICS = ("accuracy@0", "latency_ms@0")
CHOICES: dict[str, list[Any]] = {
    "kind": ["separable", "inverted", "fused"],
    "resolution": [32],
    "stages": [4],
    "width_multiplier": [0.75, 1.0, 1.5, 2.0],
    "depth": [1, 2, 3],
    "depth_multiplier": [1.0],
    "kernel": [3, 5],
    "fused_kernel": [3],
    "expansion": [2, 4],
    "squeeze_excite": [False],
    "activation": ["relu"],
    "downsample": ["stride"],
}


@dataclass(frozen=True)
class Wanted:
    """What all searches of one run have in common."""

    folder: Path
    """Of everything that is kept."""
    data: Path | None
    """An .npz of images; None: digits, enlarged to 32 pixels: at their own 8 a latency is mostly that of the calls."""
    minutes: float
    epochs: int
    macs: tuple[float, float]
    """Of the networks, the fewest and the most."""

    @property
    def dataset(self) -> dict[str, Any]:
        """As in a spec. A quarter of the images is left to the judge alone."""
        name = {"name": f"npz:{self.data.name}"} if self.data else {"name": "digits", "image_size": 32}
        return {**name, "validation_fraction": 0.17, "test_fraction": 0.25}

    @property
    def roots(self) -> list[Path]:
        return [self.data.parent] if self.data else []

    def training(self, epochs: int) -> dict[str, Any]:
        """As in a spec: the same for searches and judge but for its length."""
        return {"epochs": epochs, "batch_size": 128, "learning_rate": 0.1, "precision": "fp32"}

    def spec(self, side: str, seed: int) -> SearchSpec:
        return SearchSpec.model_validate(
            {
                "dataset": self.dataset,
                "space": {"preset": "small", "choices": CHOICES | {"precision": SIDES[side]}},
                "objectives": [{"metric": "accuracy", "target": 0}, {"metric": "latency_ms"}],
                "constraints": [{"metric": "macs", "min": self.macs[0], "max": self.macs[1]}],
                "strategy": {"sampler": "predictor", "schedule": "full", "warm_start": False},
                "training": self.training(self.epochs),
                "budget": {"minutes": self.minutes, "parallelism": 1},
                "seed": seed,
            }
        )


def searched(side: str, seed: int, wanted: Wanted) -> dict[str, Any]:
    """One whole search, kept in a file; one that was kept is not done again."""
    kept = wanted.folder / "searches" / f"{side}-{seed}.json"
    if kept.exists():
        found: dict[str, Any] = json.loads(kept.read_text())
        return found
    torch.set_num_threads(1)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    home = wanted.folder / "homes" / f"{side}-{seed}"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    begun_s = time.monotonic()
    with service_at(home, wanted.data) as service:
        search, work_s = _run(service, wanted.spec(side, seed))
        with service.store.read() as uow:
            candidates = uow.candidates.of(search.id, list(CandidateStatus))
    found = {
        "side": side,
        "seed": seed,
        "wall_s": time.monotonic() - begun_s,
        "work_s": work_s,
        "statuses": Counter(candidate.status.value for candidate in candidates),
        "trained": sum(c.status is CandidateStatus.COMPLETED and not c.evaluation_reused for c in candidates),
        "candidates": [_described(c) for c in candidates if c.status is CandidateStatus.COMPLETED],
    }
    _write(kept, found)
    return found


def _run(service: Service, spec: SearchSpec) -> tuple[Search, dict[str, float]]:
    """Until its minutes are over, and how long was spent on what. Its front is finished by the judge."""
    search, _ = submit(service.store, service.checks, spec)
    executor, memories = Executor(service, threading.Event()), SqlMemories()
    work_s: Counter[str] = Counter()
    while search.phase is not SearchPhase.FINALIZE and not is_over(search.status):
        begun_s = time.monotonic()
        advance(service.store, memories, search.id)
        kind = "decide"
        if (item := work.claim(service.store, QUEUES, "benchmark", LEASE_S)) is not None:
            work_s["decide"] += time.monotonic() - begun_s
            begun_s, kind = time.monotonic(), item.kind.value
            executor.do(item)
        work_s[kind] += time.monotonic() - begun_s
        with service.store.read() as uow:
            search = uow.searches.get(search.id)
    if search.failure is not None:
        raise SystemExit(f"the search in {spec.space.choices['precision']} ended {search.status}: {search.failure}")
    return search, dict(work_s)


def _described(candidate: Candidate) -> dict[str, Any]:
    accuracy, latency_ms = (candidate.metrics[name] for name in METRICS)
    return {
        "values": dict(candidate.architecture),
        "accuracy": accuracy,
        "latency_ms": latency_ms,
        "macs": candidate.metrics["macs"],
        "reused": candidate.evaluation_reused,
    }


def front_of(candidates: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By what the search itself has found."""
    points = [(candidate["accuracy"], candidate["latency_ms"]) for candidate in candidates]
    return [candidates[i] for i in non_dominated(points, MAXIMIZE)]


def _write(path: Path, found: dict[str, Any]) -> None:
    """At once, so that what is there is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".tmp").write_text(json.dumps(found))
    path.with_suffix(".tmp").replace(path)
