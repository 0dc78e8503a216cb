"""Documents as the service would send them, for tests of what the terminal shows."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from nas_service.cli.display.snapshot import Snapshot
from nas_service.domain.entities import WorkKind
from nas_service.domain.metrics import metric_key
from nas_service.domain.spec import BudgetSpec, DatasetSpec, SearchSpec
from nas_service.domain.states import CandidateStatus, SearchPhase, SearchStatus, WorkStatus
from nas_service.wire.candidates import AxisInfo, CandidateDetail, CandidateSummary, FrontInfo, FrontMember
from nas_service.wire.searches import SearchDetail, WorkInfo

BEGAN = datetime(2030, 1, 1, 12, 0, tzinfo=UTC)
SPEC = SearchSpec(name="sample", dataset=DatasetSpec(name="digits"), budget=BudgetSpec(candidates=24))


def search(**changes: Any) -> SearchDetail:
    """A search that has tried 14 of 24 candidates in 84 seconds."""
    spec: SearchSpec = changes.get("spec", SPEC)
    values: dict[str, Any] = {
        "id": "search-3f2a9c1b7d4e",
        "name": "sample",
        "status": SearchStatus.RUNNING,
        "phase": SearchPhase.SEARCH,
        "version": 7,
        "dataset": "digits",
        "space": "mobilenet",
        "candidate_count": 16,
        "candidate_budget": spec.budget.candidates,
        "minutes_budget": spec.budget.minutes,
        "created_at": BEGAN,
        "started_at": BEGAN,
        "finished_at": None,
        "stop_reason": None,
        "failure": None,
        "spec": spec,
        "candidates": {
            CandidateStatus.COMPLETED: 11,
            CandidateStatus.FAILED: 2,
            CandidateStatus.INFEASIBLE: 1,
            CandidateStatus.EVALUATING: 2,
        },
        "reused_count": 3,
        "active_s": 84.0,
        "best_accuracy": 0.97419,
        "front_size": 3,
        "hypervolume_ratio": 0.62345,
        "resolved_dataset": None,
        "resolved_space": None,
        "work": (),
    }
    return SearchDetail(**values | changes)


def candidate(number: int, accuracy: float | None = None, latency_ms: float = 0.1, **changes: Any) -> CandidateSummary:
    """A candidate; completed where it has an accuracy, else still being evaluated."""
    return CandidateSummary(**_candidate(number, accuracy, latency_ms) | changes)


def _candidate(number: int, accuracy: float | None, latency_ms: float) -> dict[str, Any]:
    measured = {} if accuracy is None else {"accuracy": accuracy, "latency_ms@0": latency_ms}
    return {
        "id": f"candidate-{number}",
        "search_id": "search-3f2a9c1b7d4e",
        "number": number,
        "status": CandidateStatus.EVALUATING if accuracy is None else CandidateStatus.COMPLETED,
        "architecture_key": f"{number:020x}",
        "architecture": {"depth": number},
        "metrics": {"size_bytes": 84_213, "macs": 1_204_000, "params": 20_000, **measured},
        "violations": {},
        "evaluation_reused": False,
        "proposed_at": BEGAN,
        "finished_at": None,
        "failure": None,
    }


def finalized(number: int, latencies: dict[str, dict[str, Any]] | None = None) -> CandidateDetail:
    """A member of the front with its bundle."""
    latency = {"median_ms": 0.034173, "ci95_low_ms": 0.0339, "ci95_high_ms": 0.0345, "noisy": False}
    final = {
        "bundle": "0" * 64,
        "validation_accuracy": 0.97419,
        "test_accuracy": 0.96297,
        "latency": latencies or {"0": latency},
    }
    values = _candidate(number, 0.97419, 0.034)
    return CandidateDetail(
        **values, evaluation=None, measurements=(), artifacts=(), files_collected=False, work=(), final=final
    )


def front(*members: CandidateSummary, keys: tuple[str, ...] = ("accuracy", "latency_ms@0")) -> FrontInfo:
    """A front of these members, best first."""
    axes = [
        {
            "key": key,
            "metric": key.partition("@")[0],
            "goal": "maximize" if key == "accuracy" else "minimize",
            "target": int(key.partition("@")[2]) if "@" in key else None,
            "across": None,
            "weights": None,
            "relative_to": None,
        }
        for key in keys
    ]
    return FrontInfo(
        search_id="search-3f2a9c1b7d4e",
        axes=tuple(AxisInfo.model_validate(axis) for axis in axes),
        figures="search",
        members=tuple(front_member(m, keys) for m in members),
        near=(),
        near_count=0,
        dominated=(),
        reference=None,
        hypervolume=0.0,
        hypervolume_ratio=0.0,
    )


def front_member(candidate: CandidateSummary, keys: Sequence[str], **changes: Any) -> FrontMember:
    """One whose numbers are exact."""
    values: dict[str, Any] = {
        "values": tuple(candidate.metrics[key] for key in keys),
        "intervals": (None,) * len(keys),
        "metrics": candidate.metrics,
        "probability": 1.0,
        "certain": True,
        "rivals": (),
        "candidate": candidate,
    }
    return FrontMember(**values | changes)


def work(number: int, progress: dict[str, Any] | None = None, **changes: Any) -> WorkInfo:
    """A training in progress."""
    values: dict[str, Any] = {
        "id": f"work-{number}",
        "kind": WorkKind.EVALUATE,
        "status": WorkStatus.LEASED,
        "queue": "train",
        "candidate_id": f"candidate-{number}",
        "attempt": 1,
        "worker_id": "worker-1",
        "progress": progress,
        "failure": None,
    }
    return WorkInfo(**values | changes)


def snapshot(*candidates: CandidateSummary, after_s: float = 90.0, **changes: Any) -> Snapshot:
    """A look at the search; its front are the candidates that are complete."""
    members = [c for c in candidates if metric_key(SPEC.objectives[0].metric, None) in c.metrics]
    by_id = {c.id: c for c in candidates}
    return Snapshot(search(**changes), by_id, front(*members) if members else None, BEGAN + timedelta(seconds=after_s))
