"""The sides of `time_to_front.py`: a search by the peer's script or by this service, as candidates in time."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
from front_cores import pinned

from nas_service.cli.home_service import HomeService
from nas_service.client import Client
from nas_service.domain.states import CandidateStatus, SearchPhase, is_over
from nas_service.wire.candidates import CandidateSummary

POLL_S, START_TIMEOUT_S, PEER_START_S = 1.0, 120.0, 15.0
SECOND_SHARE = 0.25
"""Of the first search's minutes, at most, for the second one."""
SPACES = Path(__file__).with_name("spaces")
LATENCY = "latency_ms@0"
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "MKL", "OPENBLAS")}


@dataclass(frozen=True)
class Side:
    """Who searches, and on how many cores."""

    name: str
    cores: int = 1
    peer: tuple[str, ...] | None = None
    """Options of the peer's script; None: this service."""
    strategy: dict[str, Any] = field(default_factory=dict)
    """Of the search spec; empty: what the service chooses by itself."""
    second: bool = False
    """Whether a second search follows on the same data, with a constraint on latency."""


SIDES = (
    Side("peer", peer=()),
    Side("peer, channels last", peer=("--channels-last",)),
    Side("default", second=True),
    Side("default, two cores", cores=2),
    Side("scratch", strategy={"sampler": "predictor", "evaluator": "scratch", "schedule": "asha"}),
    Side("supernet", strategy={"sampler": "predictor", "evaluator": "supernet"}),
)


@dataclass(frozen=True)
class Wanted:
    """What all sides are given."""

    folder: Path
    """Of everything that this benchmark writes."""
    peer: Path
    """The peer's script."""
    minutes: float
    """Of a peer's search."""
    own_minutes: float
    """Of a search by this service."""
    epochs: int
    """Of a candidate's training."""
    reference: tuple[float, float]
    """Latency in ms and accuracy from which hypervolume counts."""

    @property
    def peer_data(self) -> Path:
        """As the peer expects it; the last rows are the validation set."""
        return self.folder / "peer.npz"

    @property
    def service_data(self) -> Path:
        """The same images with the padding that the peer adds, and the same validation set."""
        return self.folder / "service.npz"


def search(side: Side, seed: int, cores: frozenset[int], wanted: Wanted) -> dict[str, Any]:
    """One whole search on these cores: its candidates with the second at which each was known, and what it took."""
    home = wanted.folder / "homes" / f"{side.name}-{seed}".replace(", ", "-").replace(" ", "-")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    if side.peer is not None:
        found = {"searches": [_peer_search(side.peer, seed, cores, wanted, home)]}
    else:
        found = {"searches": _service_searches(side, seed, cores, wanted, home)}
    minutes = wanted.own_minutes if side.peer is None else wanted.minutes
    return {"side": side.name, "seed": seed, "cores": len(cores), "minutes": minutes} | found


def _peer_search(
    options: tuple[str, ...], seed: int, cores: frozenset[int], wanted: Wanted, home: Path
) -> dict[str, Any]:
    latency_ms, accuracy = wanted.reference
    command = [sys.executable, str(wanted.peer), "--data", str(wanted.peer_data), "--minutes", str(wanted.minutes)]
    command += ["--seed", str(seed), "--epochs", str(wanted.epochs), "--out", str(home), *options]
    command += ["--ref-lat-ms", str(latency_ms), "--ref-accuracy", str(accuracy)]
    with (home / "peer.log").open("w") as log, pinned(cores):
        process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | ONE_THREAD)
    _wait_for_peer(process, 60 * wanted.minutes + PEER_START_S, home / "peer.log")
    lines = [json.loads(line) for line in (home / "log.jsonl").read_text().splitlines()]
    candidates = [{"t_s": x["t"], "accuracy": x["acc"], "latency_ms": x["lat"], "arch": x["arch"]} for x in lines]
    return {"candidates": candidates, "cpu_s": lines[-1]["cpu"] if lines else 0.0}


def _wait_for_peer(process: subprocess.Popen[bytes], seconds: float, log: Path) -> None:
    """Until its time is over. It looks at the clock between candidates only, and the last one would be too late."""
    try:
        status = process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return
    if status != 0:
        raise RuntimeError(f"the peer failed:\n{log.read_text()[-2000:]}")


def _service_searches(side: Side, seed: int, cores: frozenset[int], wanted: Wanted, home: Path) -> list[dict[str, Any]]:
    environment = {
        "NAS_DATA_ROOTS": str(wanted.folder.resolve()),
        "NAS_SPACE_PATH": str(SPACES),
        "NAS_HOST_LOCK_DIR": str(home / "lock"),
        "NAS_SUBMIT_RATE_LIMIT": "",
        **ONE_THREAD,
    }
    with HomeService(home, environment) as service:
        with pinned(cores):
            url = service.start("--port", "0")
        with Client(url) as client:
            _wait_for_workers(client, len(cores))
            asked = _Asked(client, psutil.Process(json.loads((home / "service.json").read_text())["pid"]))
            found = [asked.search(_spec(side, seed, wanted), wanted.own_minutes)]
            if side.second and found[0]["candidates"]:
                latencies = sorted(c["latency_ms"] for c in found[0]["candidates"])
                limit_ms = latencies[len(latencies) // 2]
                spec = _spec(side, seed, wanted) | {"constraints": [{"metric": "latency_ms", "max": limit_ms}]}
                found.append(asked.search(spec, wanted.own_minutes * SECOND_SHARE) | {"limit_ms": limit_ms})
    return found


def _spec(side: Side, seed: int, wanted: Wanted) -> dict[str, Any]:
    return {
        "dataset": {"name": f"npz:{wanted.service_data.name}"},
        "space": {"name": "peer_mobilenet"},
        "budget": {"minutes": wanted.own_minutes},
        "training": {"epochs": wanted.epochs, "optimizer": "adamw", "weight_decay": 0.01},
        "seed": seed,
    } | ({"strategy": side.strategy} if side.strategy else {})


@dataclass(frozen=True)
class _Asked:
    """A running service, and the process above all of its processes."""

    client: Client
    process: psutil.Process

    def search(self, spec: dict[str, Any], minutes: float) -> dict[str, Any]:
        """Until its minutes are over, counted from its submission; then it is cancelled."""
        cpu_s, started_s = self._cpu_s(), time.monotonic()
        search_id = self.client.submit(spec).id
        while time.monotonic() - started_s < 60 * minutes:
            standing = self.client.get(search_id)
            if is_over(standing.status) or standing.phase is SearchPhase.FINALIZE:
                break
            time.sleep(POLL_S)
        last = self.client.get(search_id)
        if not is_over(last.status):
            self.client.cancel(search_id)
            self.client.wait(search_id, timeout_s=START_TIMEOUT_S)
        candidates = list(self.client.candidates(search_id))
        done = [c for c in candidates if c.status is CandidateStatus.COMPLETED and c.finished_at is not None]
        return {
            "candidates": [_completed(candidate, last.created_at) for candidate in done],
            "statuses": dict(Counter(candidate.status for candidate in candidates)),
            "epochs": dict(Counter(max((rung.epochs for rung in c.rungs), default=0) for c in candidates)),
            "work_s": self._work_s(search_id),
            "cpu_s": self._cpu_s() - cpu_s,
            "failure": last.failure.detail if last.failure else None,
        }

    def _work_s(self, search_id: str) -> dict[str, float]:
        """What workers spent on each kind of work, of what was started last."""
        spent: Counter[str] = Counter()
        for span in self.client.timeline(search_id).items:
            if span.started_at and span.finished_at:
                spent[span.kind] += (span.finished_at - span.started_at).total_seconds()
        return dict(spent)

    def _cpu_s(self) -> float:
        """Of its processes that live, and of their children that have ended."""
        spent = 0.0
        for process in self.process.children(recursive=True):
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            spent += times.user + times.system + times.children_user + times.children_system
        return spent


def _completed(candidate: CandidateSummary, submitted_at: datetime) -> dict[str, Any]:
    assert candidate.finished_at is not None
    return {
        "t_s": (candidate.finished_at - submitted_at).total_seconds(),
        "accuracy": candidate.metrics["accuracy"],
        "latency_ms": candidate.metrics[LATENCY],
        "arch": candidate.architecture,
        "reused": candidate.evaluation_reused,
    }


def _wait_for_workers(client: Client, count: int) -> None:
    end_s = time.monotonic() + START_TIMEOUT_S
    while len(client.workers().items) < count:
        if time.monotonic() > end_s:
            raise RuntimeError(f"no {count} workers within {START_TIMEOUT_S:g} s")
        time.sleep(POLL_S)
