"""A whole search through the distributed service while it is struck at, and the proof that nothing was lost."""

import hashlib
import random
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from nas_service.client import Client
from nas_service.domain.entities import WorkItem
from nas_service.domain.states import CandidateStatus, SearchPhase, is_over
from nas_service.use_cases.ports import UnitOfWork
from tests.support.accounts import check_accounts
from tests.support.distributed import DistributedService
from tests.support.redis import OwnRedis
from tests.support.service import PATIENT_RETRIES, SHORT_INTERVALS
from tests.support.strikes import Strike, Striker, log_lines, refusals
from tests.support.tiny import FREE, tiny_search, tiny_space
from tests.support.waiting import wait_for

POOLS, PROCESSES_A_POOL = 2, 2
SEARCH_TIMEOUT_S = 900.0
TOP_K = 3
MAX_MACS = 1e9
"""A constraint that holds, so that constraints are among what must agree."""


@dataclass(frozen=True)
class Plan:
    """A search, and what strikes it: evenly over its candidates, and `at_the_end` while its front is finished."""

    candidates: int
    during: Sequence[Strike] = ()
    at_the_end: Sequence[Strike] = ()
    pause_s: float = 0.0
    """Between two strikes, at least."""
    epochs: int = 4
    seed: int = 0


@dataclass
class Found:
    """How a run went."""

    wall_s: float = 0.0
    strikes: list[tuple[str, float]] = field(default_factory=list)
    """What, and how many seconds after the submission."""
    attempts: dict[str, int] = field(default_factory=dict)
    """Work items by how often they were begun."""
    failed_candidates: int = 0
    """Those whose attempts were all used up."""
    refused: int = 0
    expired_leases: int = 0
    sent_again: int = 0
    bundles: int = 0
    finished_at_s: list[float] = field(default_factory=list)
    """When each candidate was over, after the submission."""


@contextmanager
def four_workers(
    database_url: str, broker: OwnRedis, home: Path, cache: Path
) -> Iterator[tuple[DistributedService, str]]:
    """API, control and two Celery workers of two processes each, ready; and the API's address.

    `cache` keeps what is known of the machine and takes long to find out.
    """
    (home / "tmp").mkdir(parents=True)
    (home / "cache").symlink_to(cache, target_is_directory=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    settings = SHORT_INTERVALS | {
        "NAS_HOME": str(home),
        "NAS_DATABASE_URL": database_url,
        "NAS_BROKER_URL": broker.url,
        "NAS_PORT": port,
        "NAS_TORCH_THREADS": "1",
    }
    service = DistributedService(settings)
    try:
        service.start("api", ["nas", "serve"], TMPDIR=str(home / "tmp"))
        service.start("control", ["nas", "control"], TMPDIR=str(home / "tmp"))
        for pool in range(POOLS):
            # Each pool stands for a host: a training that stands still keeps only its own host's timings waiting.
            workers = {"NAS_WORKERS": str(PROCESSES_A_POOL), "NAS_HOST_LOCK_DIR": str(home / f"host-lock-{pool}")}
            workers["TMPDIR"] = str(home / "tmp")
            service.start(f"worker-{pool}", ["nas", "worker"], **workers)
        service.wait_for_workers(POOLS * PROCESSES_A_POOL)
        yield service, f"http://127.0.0.1:{port}"
    finally:
        service.close()


def run(service: DistributedService, url: str, broker: OwnRedis, plan: Plan) -> Found:
    """Search from the submission to checked bundles. Fails where anything is lost, doubled or left over."""
    found = Found()
    with Client(url, retries=PATIENT_RETRIES) as client:
        search_id = client.submit(_spec(plan)).id
        began_s = time.monotonic()
        _strike_until_over(service, Striker(service, broker, search_id, random.Random(plan.seed)), plan, found)
        found.wall_s = time.monotonic() - began_s
        items = check_accounts(service.service.store, search_id, plan.candidates)
        found.bundles = _check_bundles(client, search_id, service.home / "bundles")
    _check_logs(service)
    _count(service, items, found)
    wait_for(lambda: not list((service.home / "checkpoints").glob("*")), "checkpoints to be removed")
    return found


def _spec(plan: Plan) -> dict[str, object]:
    return tiny_search(
        space=tiny_space(*FREE, "stage1_kernel", "stage1_depth"),
        constraints=[{"metric": "macs", "max": MAX_MACS}],
        budget={"candidates": plan.candidates, "parallelism": POOLS * PROCESSES_A_POOL},
        training={"epochs": plan.epochs, "precision": "fp32"},
        finalize={"top_k": TOP_K, "timings": 1},
        seed=plan.seed,
    )


def _strike_until_over(service: DistributedService, striker: Striker, plan: Plan, found: Found) -> None:
    """Every strike of the plan happens, however fast the machine is; then the search has to end."""
    began_s = time.monotonic()
    marks = [plan.candidates * (i + 1) / (len(plan.during) + 1) for i in range(len(plan.during))]
    strikes = [*zip(plan.during, marks, strict=True), *((strike, float("inf")) for strike in plan.at_the_end)]
    for strike, mark in strikes:
        wait_for(lambda mark=mark: _has_come(service, striker.search_id, mark), f"{strike}", SEARCH_TIMEOUT_S)
        begun_at_s = time.monotonic()
        found.strikes.append((strike.value, round(begun_at_s - began_s, 2)))
        striker.strike(strike)
        wait_for(lambda end=begun_at_s + plan.pause_s: time.monotonic() >= end, "the next strike")
    service.wait_until_over(striker.search_id, SEARCH_TIMEOUT_S)


def _has_come(service: DistributedService, search_id: str, mark: float) -> bool:
    """Whether this many candidates are over, or, for infinity, the front is being finished."""
    service.start_again()
    with service.service.store.read() as uow:
        search = uow.searches.get(search_id)
        assert not is_over(search.status), f"{search.status} before every strike had its turn: {search.failure}"
        return search.phase is SearchPhase.FINALIZE or _over(uow, search_id) >= mark


def _over(uow: UnitOfWork, search_id: str) -> int:
    return sum(count for status, count in uow.candidates.counts(search_id).items() if is_over(status))


def _check_bundles(client: Client, search_id: str, folder: Path) -> int:
    """Every finished member of the front can be had, and is what its checksums say."""
    members = [client.candidate(member.candidate.id) for member in client.front(search_id).members]
    finished = [member for member in members if "bundle" in (member.final or {})]
    assert finished
    for member in finished:
        bundle = client.download_bundle(member.id, folder / member.id)
        for line in (bundle / "SHA256SUMS").read_text().splitlines():
            sha256, name = line.split()
            assert hashlib.sha256((bundle / name).read_bytes()).hexdigest() == sha256, f"{bundle}: {name}"
    return len(finished)


def _check_logs(service: DistributedService) -> None:
    """No item's result was accepted twice, and nothing went wrong that nobody foresaw."""
    lines = list(log_lines(service))
    accepted = Counter(line["item"] for line in lines if line.get("event") == "done")
    assert max(accepted.values()) == 1, [item for item, count in accepted.items() if count > 1]
    unforeseen = [line for line in lines if line.get("event") in {"failed unexpectedly", "advance failed"}]
    assert unforeseen == []


def _count(service: DistributedService, items: Sequence[WorkItem], found: Found) -> None:
    found.attempts = {str(count): number for count, number in sorted(Counter(i.attempt for i in items).items())}
    with service.service.store.read() as uow:
        search = uow.searches.get(items[0].search_id)
        candidates = uow.candidates.of(search.id, list(CandidateStatus))
    found.failed_candidates = sum(candidate.status is CandidateStatus.FAILED for candidate in candidates)
    ends = sorted(candidate.finished_at for candidate in candidates if candidate.finished_at is not None)
    found.finished_at_s = [round((end - search.created_at).total_seconds(), 2) for end in ends]
    found.refused = refusals(service)
    lines = list(log_lines(service, "control"))
    found.expired_leases = sum(line["count"] for line in lines if line.get("event") == "leases expired")
    found.sent_again = sum(line["count"] for line in lines if line.get("event") == "sent again")
