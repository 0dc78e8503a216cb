"""Finding a home's service by its address file."""

import fcntl
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from nas_service.cli.home_service import HomeService, find_service
from tests.support.api import serving


async def healthy(scope: dict[str, str], _receive: object, send: object) -> None:
    """Answers everything with 200."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b"{}"})  # type: ignore[operator]


def tell(home: Path, url: str, pid: int) -> None:
    (home / "service.json").write_text(json.dumps({"url": url, "pid": pid}))


def ended_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"url": "http://127.0.0.1:1"}', '{"url": "x", "pid": "y"}'])
def test_without_a_proper_address_file_there_is_no_service(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "service.json").write_text(text)
    assert find_service(tmp_path) is None


def test_a_service_that_answers_is_found(tmp_path: Path) -> None:
    with serving(healthy) as url:  # type: ignore[arg-type]
        tell(tmp_path, url, os.getpid())
        assert find_service(tmp_path) == url
        assert HomeService(tmp_path).ensure() == url


def test_a_file_left_behind_by_a_dead_service_is_not_believed(tmp_path: Path) -> None:
    with serving(healthy) as url:  # type: ignore[arg-type]
        tell(tmp_path, url, ended_pid())
        assert find_service(tmp_path) is None
        tell(tmp_path, url, os.getpid())
        assert find_service(tmp_path, pid=1) is None
    assert find_service(tmp_path) is None


def test_a_service_that_is_not_ours_is_left_running(tmp_path: Path) -> None:
    with serving(healthy) as url:  # type: ignore[arg-type]
        tell(tmp_path, url, os.getpid())
        with HomeService(tmp_path) as service:
            service.ensure()
            assert not service.is_ours
        assert find_service(tmp_path) == url


def test_a_service_that_starts_or_leaves_is_waited_for(tmp_path: Path) -> None:
    """Its lock is held while its address is not there yet, or no more; a second one would be refused."""
    found: list[str] = []
    with serving(healthy) as url, (tmp_path / "supervisor.lock").open("w") as lock:  # type: ignore[arg-type]
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = threading.Thread(target=lambda: found.append(HomeService(tmp_path).ensure()))
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
        tell(tmp_path, url, os.getpid())
        waiting.join(30)
    assert found == [url]
