"""Many searches and candidates in a database at once: made up, but rows as the service writes them."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from no_op_workers import DIGITS, unit
from sqlalchemy import Engine, Table, insert

import search_spaces
from nas_service.domain.entities import TRAIN_QUEUE, WorkKind
from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import CandidateStatus, SearchPhase, SearchStatus, WorkStatus
from nas_service.store.tables import candidates, events, searches, work_items

CHUNK = 5000
OPEN_ITEMS = 2
START = datetime(2026, 1, 1, tzinfo=UTC)
SPACE = {"name": "mobilenet", "preset": "tiny", "choices": {}, "size": "1"}
SPEC = SearchSpec.model_validate({"dataset": {"name": "digits"}, "space": {"name": "mobilenet", "preset": "tiny"}})


def search_id(number: int) -> str:
    return f"search-{number:012d}"


def fill(engine: Engine, sizes: list[int]) -> None:
    """A search that still runs for each size, with so many completed candidates and a few open work items."""
    drawn = search_spaces.get("mobilenet", preset="tiny").sample(np.random.default_rng(0), 1000)
    architectures = [(one.key, dict(one.values)) for one in drawn]
    _insert(engine, searches, (_search(number, size) for number, size in enumerate(sizes)))
    _insert(engine, candidates, (row for n, size in enumerate(sizes) for row in _candidates(n, size, architectures)))
    _insert(engine, work_items, (_work(number, item) for number in range(len(sizes)) for item in range(OPEN_ITEMS)))
    _insert(engine, events, (_event(number) for number in range(len(sizes))))
    with engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")


def _insert(engine: Engine, table: Table, rows: Iterator[dict[str, Any]]) -> None:
    with engine.begin() as connection:
        chunk: list[dict[str, Any]] = []
        for row in rows:
            chunk.append(row)
            if len(chunk) == CHUNK:
                connection.execute(insert(table), chunk)
                chunk = []
        if chunk:
            connection.execute(insert(table), chunk)


def _search(number: int, size: int) -> dict[str, Any]:
    at = START + timedelta(seconds=number)
    return {
        "id": search_id(number),
        "tenant": "default",
        "priority": 0,
        "name": f"search {number}",
        "spec": SPEC.model_dump(mode="json"),
        "spec_digest": "0" * 64,
        "status": SearchStatus.RUNNING,
        "phase": SearchPhase.SEARCH,
        "version": 4 * size,
        "candidate_count": size + OPEN_ITEMS,
        "study_name": search_id(number),
        "active_s": 60.0,
        "active_since": at,
        "created_at": at,
        "started_at": at,
        "dataset": DIGITS,
        "space": SPACE,
        "wake": False,
    }


def _candidates(search: int, size: int, architectures: list[tuple[str, Any]]) -> Iterator[dict[str, Any]]:
    for number in range(size):
        key, architecture = architectures[number % len(architectures)]
        macs = 1e5 + 1e6 * unit(key)
        yield {
            "id": f"candidate-{search:06d}{number:06d}",
            "search_id": search_id(search),
            "number": number,
            "status": CandidateStatus.COMPLETED,
            "architecture_key": hashlib.sha256(f"{key} {number}".encode()).hexdigest(),
            "architecture": architecture,
            "trial_id": number,
            "metrics": {
                "accuracy": round(0.5 + 0.4 * unit(f"{key} {search}") * (macs / 1.1e6) ** 0.2, 4),
                "macs": macs,
                "params": macs / 10,
                "size_bytes": macs / 3,
                "latency_ms@0": macs / 1e6 * (0.5 + unit(f"latency {key}")),
            },
            "violations": {},
            "evaluation_reused": number % 10 == 0,
            "proposed_at": START,
            "finished_at": START,
        }


def _work(search: int, item: int) -> dict[str, Any]:
    return {
        "id": f"work-{search:06d}{item:06d}",
        "search_id": search_id(search),
        "kind": WorkKind.EVALUATE,
        "queue": TRAIN_QUEUE,
        "payload": {},
        "status": WorkStatus.LEASED,
        "attempt": 1,
        "max_attempts": 5,
        "token": 1,
        "progress": {"epoch": 3, "epochs": 20, "accuracy": 0.91},
        "created_at": START,
        "started_at": START,
    }


def _event(search: int) -> dict[str, Any]:
    return {"search_id": search_id(search), "at": START, "kind": "search.submitted", "payload": {"name": "search"}}
