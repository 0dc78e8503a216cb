"""Networks for the benchmark of latency predictors: exported by processes beside the one that times them.

Every timing is appended to a file as soon as it is done, so that a run goes on where it was cut off and fits can be
compared without measuring anything again.
"""

import json
import multiprocessing
import os
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

import search_spaces
from nas_service.domain.dataset_name import noise_name
from nas_service.domain.predictors import Birthplace, Subject, Timed
from nas_service.domain.spec import DatasetSpec, TargetSpec
from search_spaces import Architecture, NetworkInput
from workers.data import DataSet
from workers.data.load import load_dataset
from workers.export.files import subject_of, write_files
from workers.profiling.measure import Effort, Surroundings, measure

CLASSES = 10
AHEAD = 2
"""Files that are made before they are asked for, by each exporter."""
BORN = Birthplace("here", {})


@dataclass(frozen=True)
class Case:
    """One space and target; `resolutions` none: those of the preset."""

    preset: str
    side: int
    resolutions: tuple[int, ...]
    target: TargetSpec

    @property
    def subject(self) -> Subject:
        return Subject("mobilenet", self.preset, 3, CLASSES, self.side, self.side)

    @property
    def space(self) -> search_spaces.SearchSpace:
        return _space(self)

    @property
    def network_input(self) -> NetworkInput:
        return NetworkInput(3, CLASSES)


@cache
def _space(case: Case) -> search_spaces.SearchSpace:
    choices = {"resolution": list(case.resolutions)} if case.resolutions else {}
    return search_spaces.get("mobilenet", case.preset, choices)


@cache
def _data(case: Case) -> DataSet:
    return load_dataset(DatasetSpec(name=noise_name(case.side, case.side, 3, CLASSES)), ())


def _export(case: Case, values: dict[str, Any], folder: Path) -> Path:
    """Build and export, in a process of its own."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    architecture = case.space.canonical(values)
    network = search_spaces.build(case.space, architecture, case.network_input).eval()
    subject = subject_of(network, _data(case), case.space.name, architecture.key)
    own = folder / architecture.key
    own.mkdir(exist_ok=True)
    (written,) = write_files(subject, [case.target.format], own)
    return written.path


@dataclass(frozen=True)
class Exporters:
    """Processes that export."""

    case: Case
    folder: Path
    pool: ProcessPoolExecutor
    count: int

    def files(self, architectures: Iterable[Architecture]) -> Iterator[tuple[Architecture, Path]]:
        """Each architecture with its file; some more are asked for and made meanwhile."""
        waiting: deque[tuple[Architecture, Future[Path]]] = deque()
        for architecture in architectures:
            values = dict(architecture.values)
            waiting.append((architecture, self.pool.submit(_export, self.case, values, self.folder)))
            if len(waiting) > AHEAD * self.count:
                yield _file(*waiting.popleft())
        while waiting:
            yield _file(*waiting.popleft())


def _file(architecture: Architecture, future: Future[Path]) -> tuple[Architecture, Path]:
    return architecture, future.result()


@contextmanager
def exporters(case: Case, folder: Path, count: int, core: int) -> Iterator[Exporters]:
    """`count` of them, on other cores than `core` where there are any."""
    cores = os.sched_getaffinity(0) - {core} or {core}
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, spawn, initializer=os.sched_setaffinity, initargs=(0, cores))
    try:
        yield Exporters(case, folder, pool, count)
    finally:
        pool.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class Measured:
    """One network's timing. `spent_s`: since the beginning of its role, choosing and exporting included."""

    role: str
    architecture: dict[str, Any]
    key: str
    ratio: float
    relative_error: float | None
    noisy: bool
    reference_ms: float
    wall_s: float
    spent_s: float


@dataclass
class Notebook:
    """What was measured, in the file where there is one."""

    path: Path | None
    entries: list[Measured]

    @classmethod
    def open(cls, path: Path | None) -> "Notebook":
        lines = path.read_text().splitlines() if path is not None and path.exists() else []
        return cls(path, [Measured(**json.loads(line)) for line in lines])

    def of(self, role: str) -> list[Measured]:
        return [entry for entry in self.entries if entry.role == role]

    def spent_s(self, role: str) -> float:
        return max((entry.spent_s for entry in self.of(role)), default=0.0)

    def timed(self, *roles: str) -> list[Timed]:
        """Every network at the median of its timings in these roles, told in the baseline that the last was told in.

        How uncertain it is, is the word of its first timing.
        """
        unit_ms, known = self.entries[-1].reference_ms, dict[str, list[Measured]]()
        for entry in (entry for role in roles for entry in self.of(role)):
            known.setdefault(entry.key, []).append(entry)
        return [_as_one(entries, unit_ms) for entries in known.values()]

    def add(self, entry: Measured) -> None:
        self.entries.append(entry)
        if self.path is not None:
            with self.path.open("a") as file:
                file.write(json.dumps(asdict(entry)) + "\n")


def _as_one(entries: list[Measured], unit_ms: float) -> Timed:
    ratio, error = float(np.median([entry.ratio for entry in entries])), entries[0].relative_error
    return Timed(entries[0].architecture, ratio * unit_ms, np.inf if error is None else error, BORN)


def take(
    made: Exporters, role: str, architectures: Iterable[Architecture], effort: Effort, notebook: Notebook
) -> Iterator[Measured]:
    """Time one architecture after the other for as long as the caller goes on."""
    start = time.monotonic() - notebook.spent_s(role)
    around = Surroundings(baseline_dir=made.folder)
    for architecture, path in made.files(architectures):
        before = time.monotonic()
        found = measure(path, made.case.target, effort, around)
        path.unlink()
        bounded = found.ci95_low_ms is not None and found.ci95_high_ms is not None
        half_ms = (found.ci95_high_ms - found.ci95_low_ms) / 2 if bounded else None
        assert found.baseline is not None
        now = time.monotonic()
        entry = Measured(
            role=role,
            architecture=dict(architecture.values),
            key=architecture.key,
            ratio=found.reference_ratio,
            relative_error=None if half_ms is None else half_ms / found.median_ms,
            noisy=found.noisy,
            reference_ms=found.baseline["reference_ms"],
            wall_s=now - before,
            spent_s=now - start,
        )
        notebook.add(entry)
        yield entry
