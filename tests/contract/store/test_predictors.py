"""Latency predictors on both databases."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from nas_service.domain.entities import Measurement, new_id
from nas_service.domain.errors import NotFoundError
from nas_service.domain.predictors import Birthplace, Origin, Predictor, Subject
from nas_service.domain.spec import TargetSpec
from nas_service.store.unit_of_work import SqlStore
from nas_service.use_cases.ports import Page

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SUBJECT = Subject("mobilenet", "small", 3, 10, 32, 32)
BORN = Birthplace("d1", {"onnxruntime": "1.31.1"})
PLACE = {"versions": BORN.versions}
PREDICTOR = Predictor("predictor-1", "default", SUBJECT, TargetSpec(), Origin.MEASURED, BORN, 40, {"method": "x"}, NOW)


def a_measurement(**changes: object) -> Measurement:
    fields = {
        "id": new_id("measurement"),
        "model_sha256": "a" * 64,
        "target": TargetSpec(),
        "device_id": "d1",
        "median_ms": 2.0,
        "peak_memory_mib": None,
        "noisy": False,
        "result": {"birthplace": PLACE, "baseline": {"reference_ms": 0.08}},
        "created_at": NOW,
        "half_width_ratio": 0.01,
        "subject_key": SUBJECT.key,
        "architecture": {"kernel": 3},
    }
    return Measurement(**fields | changes)  # type: ignore[arg-type]


def test_a_newer_predictor_takes_the_place_of_the_last_of_its_subject_and_target(store: SqlStore) -> None:
    with store.write() as uow:
        assert uow.predictors.put(PREDICTOR, {"kind": "first"}) == PREDICTOR
        newer = replace(PREDICTOR, id="predictor-2", measured_count=80)
        assert uow.predictors.put(newer, {"kind": "second"}) == replace(newer, id="predictor-1")
        elsewhere = replace(PREDICTOR, id="predictor-3", target=TargetSpec(threads=2))
        uow.predictors.put(elsewhere, {})
    with store.read() as uow:
        assert uow.predictors.get("predictor-1").measured_count == 80
        assert uow.predictors.model("predictor-1") == {"kind": "second"}
        assert {p.id for p in uow.predictors.of(SUBJECT, "default")} == {"predictor-1", "predictor-3"}
        assert uow.predictors.of(replace(SUBJECT, channels=1), "default") == []


def test_another_tenants_predictor_is_not_found(store: SqlStore) -> None:
    with store.write() as uow:
        uow.predictors.put(PREDICTOR, {})
    with store.of_tenant("other").write() as uow:
        assert uow.predictors.list(Page()) == ([], None)
        for act in (uow.predictors.get, uow.predictors.model, uow.predictors.delete):
            with pytest.raises(NotFoundError, match="v1/predictors"):
                act("predictor-1")
    with store.of_tenant("default").write() as uow:
        assert uow.predictors.list(Page(), space="mobilenet", device="local")[0] == [PREDICTOR]
        assert uow.predictors.list(Page(), space="other")[0] == []
        uow.predictors.delete("predictor-1")
        assert uow.predictors.list(Page()) == ([], None)


def test_what_was_measured_of_such_networks_is_found_oldest_first(store: SqlStore) -> None:
    with store.write() as uow:
        for minutes, changes in enumerate(
            (
                {"median_ms": 3.0, "half_width_ratio": None, "result": {"birthplace": PLACE, "baseline": None}},
                {},
                {"subject_key": None},
                {"subject_key": "b" * 64},
                {"target": TargetSpec(threads=2)},
                {"owner": "other"},
            )
        ):
            uow.evidence.add_measurement(a_measurement(created_at=NOW + timedelta(minutes=minutes), **changes))
    with store.read() as uow:
        found = uow.predictors.timed(SUBJECT, TargetSpec(), "default")
        assert uow.predictors.timed_count(SUBJECT, TargetSpec(), "default") == len(found) == 2
        assert uow.predictors.timed_count(SUBJECT, TargetSpec(), "other") == 3
    assert [(one.median_ms, one.relative_error) for one in found] == [(3.0, math.inf), (2.0, 0.01)]
    assert [one.reference_ms for one in found] == [None, 0.08]
    assert found[0].birthplace == BORN
    assert found[0].architecture == {"kernel": 3}
