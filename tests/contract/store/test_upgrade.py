"""A database that was in use is upgraded without losing a row; what an older version kept as JSON becomes rows."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, MetaData, insert, select

from nas_service.domain.entities import Export, WorkKind
from nas_service.domain.formats import ModelFormat
from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import CandidateStatus, SearchStatus, WorkStatus
from nas_service.store.migrate import downgrade, upgrade
from nas_service.store.tables import candidate_artifacts, candidates, evaluation_artifacts, events, searches, work_items
from nas_service.store.unit_of_work import SqlStore

FIRST = "8c3aa23a9451"
NOW = datetime(2026, 11, 1, tzinfo=UTC)
MODEL, WEIGHTS, BUNDLE = "a" * 64, "b" * 64, "c" * 64

Rows = dict[str, list[dict[str, Any]]]


def a_search() -> dict[str, Any]:
    spec = SearchSpec.model_validate({"dataset": {"name": "digits"}}).model_dump(mode="json")
    return {
        "id": "search-1",
        "name": "old",
        "spec": spec,
        "status": SearchStatus.RUNNING,
        "phase": "finalize",
        "version": 7,
        "candidate_count": 1,
        "study_name": "search-1",
        "active_s": 1.0,
        "created_at": NOW,
        "spec_digest": "d" * 64,
        "wake": False,
    }


def a_candidate() -> dict[str, Any]:
    return {
        "id": "candidate-1",
        "search_id": "search-1",
        "number": 0,
        "status": CandidateStatus.COMPLETED,
        "architecture_key": "key",
        "architecture": {},
        "trial_id": 0,
        "metrics": {"accuracy": 0.9},
        "violations": {},
        "evaluation_id": "evaluation-1",
        "evaluation_reused": False,
        "final": {"evaluation_id": "evaluation-2"},
        "proposed_at": NOW,
    }


def an_evaluation(number: int, **result: str) -> dict[str, Any]:
    facts = {"id": f"evaluation-{number}", "reuse_key": str(number), "accuracy": 0.9, "fidelity": {}}
    return facts | {"result": result, "created_at": NOW}


def a_work_item() -> dict[str, Any]:
    """Done, and not yet taken in when the service was stopped for the upgrade."""
    artifacts = [{"sha256": sha256, "size_bytes": 1, "media_type": "text/plain"} for sha256 in (WEIGHTS, MODEL)]
    return {
        "id": "work-1",
        "search_id": "search-1",
        "candidate_id": "candidate-1",
        "kind": WorkKind.EVALUATE,
        "queue": "train",
        "payload": {},
        "status": WorkStatus.DONE,
        "attempt": 1,
        "max_attempts": 5,
        "token": 1,
        "result": {"artifacts": artifacts, "result": {"model_sha256": MODEL, "weights_sha256": WEIGHTS}},
        "absorbed": False,
        "created_at": NOW,
    }


def old_rows() -> Rows:
    files = [MODEL, WEIGHTS, BUNDLE]
    return {
        "searches": [a_search()],
        "artifacts": [{"sha256": f, "size_bytes": 1, "media_type": "text/plain", "created_at": NOW} for f in files],
        "evaluations": [
            an_evaluation(1, model_sha256=MODEL, weights_sha256=WEIGHTS),
            an_evaluation(2, model_sha256=MODEL, weights_sha256="e" * 64),
        ],
        "candidates": [a_candidate()],
        "candidate_artifacts": [{"candidate_id": "candidate-1", "name": "bundle.zip", "sha256": BUNDLE}],
        "work_items": [a_work_item()],
        "events": [{"search_id": "search-1", "at": NOW, "kind": "search.status", "payload": {}}],
    }


@pytest.fixture
def upgraded(engine: Engine) -> SqlStore:
    """A store whose rows were written under the first schema."""
    upgrade(engine, FIRST)
    old = MetaData()
    with engine.begin() as connection:
        old.reflect(connection)
        for table, rows in old_rows().items():
            connection.execute(insert(old.tables[table]), rows)
    upgrade(engine)
    return SqlStore(engine)


def test_no_row_is_lost(upgraded: SqlStore) -> None:
    with upgraded.read() as uow:
        for table in (searches, candidates, candidate_artifacts, work_items, events):
            assert len(uow.connection.execute(select(table)).all()) == 1, table.name
        assert uow.searches.get("search-1").tenant == "default"


def test_what_evaluations_named_in_json_becomes_rows(upgraded: SqlStore) -> None:
    """A file that was not stored even then stays out."""
    with upgraded.read() as uow:
        assert set(uow.connection.execute(select(evaluation_artifacts))) == {
            ("evaluation-1", "model.onnx", MODEL),
            ("evaluation-1", "weights.safetensors", WEIGHTS),
            ("evaluation-2", "model.onnx", MODEL),
        }
        assert uow.connection.scalars(select(candidates.c.final_evaluation_id)).all() == ["evaluation-2"]


def test_what_evaluations_said_of_their_model_becomes_an_export_that_is_yet_to_be_tried(upgraded: SqlStore) -> None:
    with upgraded.read() as uow:
        evaluation = uow.evidence.evaluation("evaluation-2")
        (item,) = uow.work.unabsorbed("search-1")
    assert evaluation.exports == (Export(ModelFormat.ONNX, MODEL, 1, None, None),)
    assert evaluation.lacking([ModelFormat.ONNX]) == [ModelFormat.ONNX]
    assert item.result is not None
    assert [export["sha256"] for export in item.result["exports"]] == [MODEL]


def test_a_result_in_flight_names_its_files_as_results_do_now(upgraded: SqlStore) -> None:
    with upgraded.read() as uow:
        [item] = uow.work.unabsorbed("search-1")
    assert item.result is not None
    assert {name: a["sha256"] for name, a in item.result["artifacts"].items()} == {
        "model.onnx": MODEL,
        "weights.safetensors": WEIGHTS,
    }


def test_going_back_loses_no_search_either(upgraded: SqlStore, engine: Engine) -> None:
    downgrade(engine, FIRST)
    old = MetaData()
    with engine.connect() as connection:
        old.reflect(connection)
        for table, rows in old_rows().items():
            assert len(connection.execute(select(old.tables[table])).all()) == len(rows), table
