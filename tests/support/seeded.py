"""A database as a user has it after some weeks: searches in every state, without having trained anything."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from nas_service.domain.entities import Failure, Measurement, Search, Worker, new_id
from nas_service.domain.predictors import Origin
from nas_service.domain.spec import BudgetSpec, DatasetSpec, SearchSpec, TargetSpec
from nas_service.domain.states import CandidateStatus, SearchPhase, SearchStatus, is_over
from nas_service.store.unit_of_work import SqlStore
from tests.support.values import NOW, PREDICTOR, a_candidate, a_search

BUDGET = 40

FINISHED = {
    SearchStatus.QUEUED: 0,
    SearchStatus.RUNNING: 17,
    SearchStatus.PAUSED: 9,
    SearchStatus.CANCELLING: 5,
    SearchStatus.SUCCEEDED: BUDGET,
    SearchStatus.FAILED: 3,
    SearchStatus.CANCELLED: 6,
}
"""Candidates that have completed, by the state of their search."""


def seed_searches(store: SqlStore, tenant: str = "default") -> Mapping[SearchStatus, Search]:
    """One search in each state, with candidates along a front; the newest is still queued."""
    found = {}
    for days, (status, completed) in enumerate(FINISHED.items()):
        found[status] = add_search(
            store,
            completed,
            name=f"{status.lower()} search",
            status=status,
            created_at=datetime.now(UTC) - timedelta(days=days, minutes=3),
            tenant=tenant,
        )
    return found


def add_search(store: SqlStore, completed: int, **changes: Any) -> Search:
    """A search of `completed` candidates."""
    status = changes["status"]
    spec = SearchSpec(dataset=DatasetSpec(name="digits"), budget=BudgetSpec(candidates=BUDGET))
    phase = SearchPhase.PREPARE if status is SearchStatus.QUEUED else SearchPhase.SEARCH
    failure = Failure("no-worker", "no worker was heard of") if status is SearchStatus.FAILED else None
    ended = {"finished_at": changes["created_at"]} if is_over(status) else {}
    fields = {"spec": spec, "phase": phase, "failure": failure, "active_since": None, **ended, **changes}
    search = a_search(candidate_count=completed, **fields)
    with store.write() as uow:
        uow.searches.add(search, search.id)
        for number in range(completed):
            metrics = {
                "accuracy": 0.9 + 0.002 * number,
                "latency_ms@0": 0.2 + 0.01 * number**1.5,
                "size_bytes": 20_000.0 + 900 * number,
                "macs": 80_000.0 * (1 + number),
                "params": 5000.0 + 225 * number,
            }
            values = {"status": CandidateStatus.COMPLETED, "metrics": metrics, "finished_at": changes["created_at"]}
            uow.candidates.add(a_candidate(search, number, **values))
    return search


def seed_devices(store: SqlStore) -> None:
    """Two workers on this machine, and one on a device that timed something lately."""
    board = {
        "id": "b0a2d",
        "name": "kitchen-board",
        "cpu_model": "Cortex-A76",
        "physical_cores": 4,
        "logical_cores": 4,
        "instruction_sets": ["asimd", "asimddp"],
        "os": "Linux",
        "architecture": "aarch64",
        "memory_bytes": 8 * 2**30,
        "runtimes": {"onnxruntime": {"available": True, "versions": {"onnxruntime": "1.31.0"}}},
    }
    missing = {"torch": {"available": False, "reason": "torch is not installed"}}
    desk = board | {"id": "de51c", "name": "desk", "cpu_model": "Ryzen 9", "architecture": "x86_64"}
    desk = desk | {"runtimes": {**board["runtimes"], **missing}}  # type: ignore[dict-item]
    with store.write() as uow:
        for pid in (101, 102):
            uow.workers.beat(Worker(f"desk-{pid}", "desk", pid, ("train", "profile.local"), desk, 0.0))
        uow.workers.beat(Worker("board", "board", 7, ("profile.kitchen-board",), board, 0.0, remote=True))


def seed_timings(store: SqlStore) -> None:
    """Twenty timings on `desk`, more and less steady, and a predictor fitted on them."""
    figure = {"value": 0.031, "low": 0.024, "high": 0.036}
    share = {"value": 0.9, "low": 0.8, "high": 0.95}
    errors = {"count": 20, "mape": figure, "within_5_percent": share, "within_10_percent": share, "spearman": share}
    report = {"method": "blocks", "errors": errors}
    with store.write() as uow:
        uow.predictors.put(replace(PREDICTOR, origin=Origin.MEASURED, measured_count=20, report=report), {})
        for number in range(20):
            ratio = 0.002 * (1 + number % 7)
            at = NOW + timedelta(minutes=number)
            timing = Measurement(
                new_id("measurement"), f"{number:064x}", TargetSpec(), "de51c", 1.0, None, ratio > 0.01, {}, at, ratio
            )
            uow.evidence.add_measurement(timing)
