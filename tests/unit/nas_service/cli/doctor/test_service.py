"""Checks of the database, the running service and the search spaces."""

from pathlib import Path

import pytest

from nas_service.cli.doctor.finding import Level
from nas_service.cli.doctor.report import findings
from nas_service.cli.doctor.service import check_broker, check_schema, check_service, check_spaces, check_workers


def test_no_database_yet_is_no_fault(tmp_path: Path) -> None:
    assert check_schema(f"sqlite:///{tmp_path}/nas.db").level is Level.OK
    assert list(tmp_path.iterdir()) == []


def test_a_service_that_does_not_run_is_no_fault_but_one_that_does_not_answer_is() -> None:
    assert check_service(None).level is Level.OK
    assert check_service("http://127.0.0.1:1").level is Level.FAIL


def test_without_a_service_there_are_no_workers_to_look_at() -> None:
    assert check_workers(None).level is Level.OK
    assert check_workers("http://127.0.0.1:1").level is Level.WARN


def test_a_broker_is_asked_where_one_is_used(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_broker("").level is Level.OK
    for url, level in {redis_url: Level.OK, "redis://127.0.0.1:1/0": Level.FAIL}.items():
        monkeypatch.setenv("NAS_BROKER_URL", url)
        assert check_broker(url).level is level


def test_the_spaces_are_all_loaded() -> None:
    finding = check_spaces()
    assert finding.level is Level.OK
    assert "mobilenet" in finding.detail


def test_a_wrong_setting_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAS_PORT", "many")
    monkeypatch.setattr("nas_service.cli.doctor.runtimes.TORCH_PROBE", "raise SystemExit(1)")
    monkeypatch.setattr("nas_service.cli.doctor.runtimes.RUNTIMES_PROBE", "raise SystemExit(1)")
    *_, last = findings()
    assert (last.check, last.level) == ("settings", Level.FAIL)
    assert last.detail.startswith("NAS_PORT: ")
