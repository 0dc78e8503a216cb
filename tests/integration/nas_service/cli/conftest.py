"""A real service behind real HTTP, and searches that really ran, by workers that make results up."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from benchmarks import no_op_workers
from nas_service.api.app import create_app
from nas_service.bootstrap import Service
from nas_service.cli.main import app
from nas_service.search.memories import SqlMemories
from tests.support.api import new_service, serving

SPEC = """\
name: made-up
dataset: {name: digits}
strategy:
  sampler: random
budget: {candidates: 6, parallelism: 2}
"""

Nas = Callable[..., Result]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service with an empty database."""
    with new_service(tmp_path / "home") as service:
        yield service


@pytest.fixture
def nas(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nas]:
    """Runs `nas` against the service, in an empty folder with a spec file."""
    (tmp_path / "spec.yaml").write_text(SPEC)
    monkeypatch.chdir(tmp_path)
    # The server runs in this process, and its log would mix with what the command prints.
    with capture_logs(), serving(create_app(service)) as url:
        monkeypatch.setenv("NAS_URL", url)
        yield lambda *arguments: CliRunner().invoke(app, arguments)


@pytest.fixture
def as_json(nas: Nas) -> Callable[..., Any]:
    """Runs a command that succeeds and parses all of its stdout."""

    def run(*arguments: str) -> Any:
        done = nas(*arguments, "--json")
        assert done.exit_code == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture
def search_id(as_json: Callable[..., Any]) -> str:
    """A search that waits to be worked on."""
    return str(as_json("submit", "spec.yaml")["id"])


@pytest.fixture
def finished_id(service: Service, search_id: str) -> str:
    """A search that has succeeded."""
    no_op_workers.run_to_end(service.store, SqlMemories(), search_id)
    return search_id
