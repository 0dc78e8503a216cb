"""Named converters between rows and values."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import RowMapping

from nas_service.domain.entities import (
    Candidate,
    DatasetFacts,
    Evaluation,
    Event,
    Export,
    Failure,
    JsonDict,
    Measurement,
    Rung,
    Search,
    SpaceFacts,
    SupernetFacts,
    WorkItem,
    WorkKind,
)
from nas_service.domain.estimates import Interval
from nas_service.domain.formats import ModelFormat
from nas_service.domain.spec import SearchSpec, TargetSpec
from nas_service.domain.states import CandidateStatus, SearchPhase, SearchStatus, WorkStatus


def failure_of(value: JsonDict | None) -> Failure | None:
    """A failure from its column."""
    return Failure(**value) if value else None


def to_search(row: RowMapping) -> Search:
    """A search from its row."""
    dataset, space = row["dataset"], row["space"]
    return Search(
        id=row["id"],
        name=row["name"],
        spec=SearchSpec.model_validate(row["spec"]),
        status=SearchStatus(row["status"]),
        phase=SearchPhase(row["phase"]),
        version=row["version"],
        candidate_count=row["candidate_count"],
        study_name=row["study_name"],
        active_s=row["active_s"],
        active_since=row["active_since"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        stop_reason=row["stop_reason"],
        failure=failure_of(row["failure"]),
        dataset=DatasetFacts(**{**dataset, "classes": tuple(dataset["classes"])}) if dataset else None,
        space=SpaceFacts(**space) if space else None,
        supernet=SupernetFacts(**row["supernet"]) if row["supernet"] else None,
        baselines=row["baselines"],
        idempotency_key=row["idempotency_key"],
        tenant=row["tenant"],
        traceparent=row["traceparent"],
        priority=row["priority"],
    )


def to_candidate(row: RowMapping) -> Candidate:
    """A candidate from its row."""
    return Candidate(
        id=row["id"],
        search_id=row["search_id"],
        number=row["number"],
        status=CandidateStatus(row["status"]),
        architecture_key=row["architecture_key"],
        architecture=row["architecture"],
        trial_id=row["trial_id"],
        metrics=row["metrics"],
        intervals=to_intervals(row["intervals"]),
        proposed_at=row["proposed_at"],
        finished_at=row["finished_at"],
        evaluation_id=row["evaluation_id"],
        evaluation_reused=row["evaluation_reused"],
        failure=failure_of(row["failure"]),
        violations=row["violations"],
        remeasured=row["remeasured"],
        final=row["final"],
        rungs=to_rungs(row["rungs"]),
        parent_id=row["parent_id"],
        recipe=tuple(row["recipe"] or ()),
    )


def to_rungs(column: list[JsonDict] | None) -> tuple[Rung, ...]:
    """The rungs of a candidate from their column."""
    return tuple(Rung(**rung) for rung in column or ())


def to_intervals(column: JsonDict) -> dict[str, Interval]:
    """Confidence intervals from their column."""
    return {key: (low, high) for key, (low, high) in column.items()}


def to_work_item(row: RowMapping) -> WorkItem:
    """A work item from its row."""
    return WorkItem(
        id=row["id"],
        search_id=row["search_id"],
        candidate_id=row["candidate_id"],
        kind=WorkKind(row["kind"]),
        queue=row["queue"],
        payload=row["payload"],
        status=WorkStatus(row["status"]),
        attempt=row["attempt"],
        max_attempts=row["max_attempts"],
        token=row["token"],
        worker_id=row["worker_id"],
        started_at=row["started_at"],
        traceparent=row["traceparent"],
        progress=row["progress"],
        result=row["result"],
        failure=failure_of(row["failure"]),
    )


def to_evaluation(row: RowMapping, exports: Sequence[RowMapping]) -> Evaluation:
    """An evaluation from its row and those of its exports."""
    return Evaluation(**_without(row), exports=tuple(map(_to_export, exports)))


def _to_export(row: RowMapping) -> Export:
    return Export(**_without(row, "evaluation_id", "format"), format=ModelFormat(row["format"]))


def to_measurement(row: RowMapping) -> Measurement:
    """A measurement from its row."""
    fields = _without(row, "target_key", "target")
    return Measurement(**fields, target=TargetSpec.model_validate(row["target"]))


def to_event(row: RowMapping) -> Event:
    """An event from its row."""
    return Event(**_without(row))


def _without(row: RowMapping, *names: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in names}


def plain(changes: dict[str, Any]) -> dict[str, Any]:
    """Column values of the changes given: failures and facts become JSON. A supernet's file stands beside its facts."""
    supernet: SupernetFacts | None = changes.get("supernet")
    file = {"supernet_sha256": supernet.sha256} if supernet else {}
    return {name: _plain(value) for name, value in changes.items()} | file


def _plain(value: Any) -> Any:
    match value:
        case Failure():
            return value.to_json()
        case DatasetFacts() | SpaceFacts() | SupernetFacts():
            return {name: getattr(value, name) for name in value.__dataclass_fields__}
        case tuple():
            return [asdict(part) if isinstance(part, Rung) else part for part in value] or None
        case _:
            return value
