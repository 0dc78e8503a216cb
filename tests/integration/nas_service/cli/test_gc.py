"""`nas gc` names what nobody needs, and deletes it only when told to."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from nas_service.bootstrap import Service
from nas_service.cli.main import app
from nas_service.use_cases.ports import INCOMING, artifact_name
from tests.support.api import new_service
from tests.support.checkpoints import checkpoint_path

UNKNOWN = "e" * 64
Gc = Callable[..., dict[str, Any]]


@pytest.fixture
def service(tmp_path: Path) -> Any:
    """A service whose store holds one of each kind of file."""
    with new_service(tmp_path / "home") as service:
        (tmp_path / "source").write_bytes(b"never used")
        service.artifacts.put(tmp_path / "source", "text/plain")
        (tmp_path / "source").write_bytes(b"lost")
        lost = service.artifacts.put(tmp_path / "source", "text/plain")
        service.files.delete(artifact_name(lost.sha256))
        service.files.put(tmp_path / "source", artifact_name(UNKNOWN))
        service.files.put(tmp_path / "source", f"00/{INCOMING}of-a-dead-writer")
        checkpoint_path(service.settings.home, "work-0").write_bytes(b"over")
        yield service


@pytest.fixture
def gc(service: Service, monkeypatch: pytest.MonkeyPatch) -> Gc:
    """Runs it on the service's home; nothing there is young."""
    monkeypatch.setenv("NAS_HOME", str(service.settings.home))
    monkeypatch.setenv("NAS_ARTIFACT_GRACE_S", "0")

    def run(*flags: str) -> dict[str, Any]:
        done = CliRunner().invoke(app, ["gc", *flags, "--json"])
        assert done.exit_code == 0, done.stderr
        return dict(json.loads(done.stdout))

    return run


def files_of(service: Service) -> set[str]:
    return {file.name.rpartition("/")[2] for file in service.files.list()}


def test_it_names_everything_and_deletes_nothing(gc: Gc, service: Service) -> None:
    before = files_of(service)
    report = gc()
    assert report["unreferenced"]["files"] == 2
    assert report["unfinished"]["files"] == report["checkpoints"]["files"] == 1
    assert report["orphans"]["names"] == [artifact_name(UNKNOWN)]
    assert report["missing"]["files"] == 1
    assert report == gc()
    assert files_of(service) == before


def test_told_to_it_deletes_all_but_what_this_database_does_not_know(gc: Gc, service: Service) -> None:
    gc("--delete")
    assert files_of(service) == {UNKNOWN}
    assert list(service.checkpoints.list()) == []
    assert gc()["missing"]["files"] == 0, "its row went too"


def test_what_the_database_does_not_know_goes_when_that_is_said(gc: Gc, service: Service) -> None:
    assert gc("--delete", "--orphans")["freed"]["files"] == 5
    assert files_of(service) == set()


def test_young_files_are_left_alone(gc: Gc, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAS_ARTIFACT_GRACE_S", "3600")
    before = files_of(service)
    assert gc("--delete", "--orphans")["freed"]["files"] == 1, "the checkpoint of work that is over"
    assert files_of(service) == before


def test_people_read_why(gc: Gc) -> None:
    shown = CliRunner(env=dict(os.environ)).invoke(app, ["gc"])
    assert "never used" in shown.stdout
    assert "nothing was deleted" in shown.stdout


def test_orphans_alone_is_a_usage_error() -> None:
    assert CliRunner().invoke(app, ["gc", "--orphans"]).exit_code == 2
