"""Commands that start processes of their own: services that fail, probes of databases, migrations."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from nas_service.cli.doctor.finding import Level
from nas_service.cli.doctor.service import check_schema
from nas_service.cli.errors import CliError
from nas_service.cli.home_service import HomeService, answers, find_service

NAS = Path(sys.executable).with_name("nas")
TIMEOUT_S = 180.0


def test_a_service_that_cannot_start_is_explained_by_its_log(tmp_path: Path) -> None:
    with HomeService(tmp_path / "home", {"NAS_PORT": "many"}) as service, pytest.raises(CliError) as caught:
        service.start()
    assert "ended while it started" in str(caught.value)
    assert "nas doctor" in str(caught.value)
    assert "many" in str(caught.value)


def test_a_database_without_our_tables_wants_a_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAS_HOME", str(tmp_path))
    (tmp_path / "nas.db").touch()
    finding = check_schema(f"sqlite:///{tmp_path}/nas.db")
    assert (finding.level, finding.mend) == (Level.FAIL, "nas migrate")


def test_a_file_that_is_no_database_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAS_HOME", str(tmp_path))
    (tmp_path / "nas.db").write_bytes(b"no database" * 100)
    assert check_schema(f"sqlite:///{tmp_path}/nas.db").level is Level.FAIL


def test_a_migrated_home_passes_the_check_of_its_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAS_HOME", str(tmp_path / "home"))
    done = subprocess.run([NAS, "migrate", "--json"], capture_output=True, text=True, timeout=TIMEOUT_S)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"migrated": True}), done.stderr
    assert check_schema(f"sqlite:///{tmp_path}/home/nas.db").level is Level.OK


def test_a_migration_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAS_HOME", "/proc/nowhere")
    done = subprocess.run([NAS, "migrate"], capture_output=True, text=True, timeout=TIMEOUT_S)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "/proc/nowhere" in done.stderr


@pytest.fixture
def up(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """`nas up` on a home of its own with one worker, announced."""
    environment = os.environ | {"NAS_HOME": str(tmp_path / "home"), "NAS_PORT": "0", "NAS_WORKERS": "1"}
    with subprocess.Popen([NAS, "up", "--json"], env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def announced(process: subprocess.Popen[str]) -> dict[str, str]:
    """The document that `nas up --json` prints before it serves."""
    assert process.stdout is not None
    lines = iter(process.stdout.readline, "}\n")
    return dict(json.loads("".join(lines) + "}"))


def test_up_serves_its_home_alone_until_ctrl_c_and_leaves_nothing_behind(
    up: subprocess.Popen[str], tmp_path: Path
) -> None:
    facts = announced(up)
    assert facts["docs_url"] == f"{facts['url']}/docs"
    assert find_service(tmp_path / "home") == facts["url"]
    environment = os.environ | {"NAS_HOME": str(tmp_path / "home")}
    second = subprocess.run([NAS, "up"], env=environment, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert second.returncode == 2
    assert facts["url"] in second.stderr
    up.send_signal(signal.SIGINT)
    assert up.wait(TIMEOUT_S) == 0
    assert not answers(facts["url"])
    assert not (tmp_path / "home" / "service.json").exists()


def test_a_service_dies_with_the_command_that_started_it(up: subprocess.Popen[str], tmp_path: Path) -> None:
    """Even where the command has no chance to clean up: the supervisor sees its input end."""
    announced(up)
    supervisor = psutil.Process(json.loads((tmp_path / "home" / "service.json").read_text())["pid"])
    family = [supervisor, *supervisor.children(recursive=True)]
    up.kill()
    _, alive = psutil.wait_procs(family, timeout=TIMEOUT_S)
    assert len(family) > 3
    assert alive == []
