"""The parent of all: children are kept running, and none is left when it ends."""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from nas_service.settings import Settings
from tests.support.source import ROOT
from tests.support.waiting import wait_for
from workers.supervisor import MAX_BACKOFF_S, Child, Supervisor, only_one

WAITS = "import time; print('here', flush=True); time.sleep(600)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + WAITS
DIES = "raise SystemExit(3)"
LEAVES_IN_ORDER = (
    "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: (print('left', flush=True), sys.exit(0))); "
    + WAITS
)


def child(folder: Path, code: str, name: str = "child") -> Child:
    """A child that runs `code`."""
    (folder / f"{name}_code.py").write_text(code)
    environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}
    return Child(name, f"{name}_code", environment, folder / f"{name}.log")


@contextmanager
def supervising(folder: Path, *children: Child) -> Iterator[Supervisor]:
    """A supervisor of these children, in a thread; it has ended when the block ends."""
    supervisor = Supervisor(Settings(home=folder / "home", port=0, workers=1))
    supervisor.children = list(children)
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    try:
        for one in children:
            wait_for(lambda one=one: one.log_path.exists() and "here" in one.log_path.read_text(), "the child to begin")
        yield supervisor
    finally:
        supervisor.shutdown.set()
        thread.join(timeout=60)
    assert not thread.is_alive()


def running_process(one: Child) -> psutil.Process:
    assert one.process is not None
    return psutil.Process(one.process.pid)


def test_a_child_that_is_killed_is_started_again(tmp_path: Path) -> None:
    one = child(tmp_path, WAITS)
    with supervising(tmp_path, one):
        first = running_process(one)
        first.kill()
        wait_for(lambda: one.process is not None and one.process.pid != first.pid, "a new child")
        wait_for(lambda: one.log_path.read_text().count("here") == 2, "the new child to begin")


def test_a_child_that_dies_again_and_again_is_started_at_growing_intervals(tmp_path: Path) -> None:
    one = child(tmp_path, DIES)
    pauses = []
    for _ in range(3):
        one.start_at = 0.0
        one.keep_running()
        assert one.process is not None
        one.process.wait()
        one.keep_running()
        assert one.process is None
        pauses.append(one.backoff_s)
    assert pauses == sorted(pauses)
    assert pauses[0] < pauses[-1] <= MAX_BACKOFF_S


def test_its_end_is_the_end_of_every_child_in_good_order(tmp_path: Path) -> None:
    children = [child(tmp_path, LEAVES_IN_ORDER, "first"), child(tmp_path, LEAVES_IN_ORDER, "second")]
    with supervising(tmp_path, *children):
        processes = [running_process(one) for one in children]
    assert not any(process.is_running() for process in processes)
    assert all("left" in one.log_path.read_text() for one in children)


def test_a_child_that_does_not_leave_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.supervisor.GRACE_S", 0.5)
    one = child(tmp_path, DEAF)
    with supervising(tmp_path, one):
        process = running_process(one)
    assert not process.is_running()


def test_no_descriptor_is_left_of_children_that_have_ended(tmp_path: Path) -> None:
    def end_three() -> int:
        for _ in range(3):
            one = child(tmp_path, DIES)
            one.keep_running()
            assert one.process is not None
            one.process.wait()
            one.keep_running()
        return psutil.Process().num_fds()

    assert end_three() == end_three()


def test_the_address_is_told_while_it_runs(tmp_path: Path) -> None:
    with supervising(tmp_path, child(tmp_path, WAITS)) as supervisor:
        told = json.loads((tmp_path / "home" / "service.json").read_text())
        assert told == {"url": supervisor.url, "pid": os.getpid()}
    assert not (tmp_path / "home" / "service.json").exists()


def test_one_home_has_one_supervisor(tmp_path: Path) -> None:
    with ExitStack() as stack:
        stack.enter_context(only_one(tmp_path))
        with pytest.raises(SystemExit, match=f"a service already runs on {tmp_path}"):
            stack.enter_context(only_one(tmp_path))
    with only_one(tmp_path):
        pass


def test_the_embedded_service_sends_no_messages_that_nobody_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAS_BROKER_URL", "redis://elsewhere")
    supervisor = Supervisor(Settings(home=tmp_path, port=0, workers=1))
    assert {child.environment["NAS_BROKER_URL"] for child in supervisor.children} == {""}


def test_the_cores_are_shared_fairly_among_workers(tmp_path: Path) -> None:
    supervisor = Supervisor(Settings(home=tmp_path, port=0, workers=1))
    (worker,) = (one for one in supervisor.children if one.module == "workers.worker")
    assert worker.environment["NAS_TORCH_THREADS"] == str(len(os.sched_getaffinity(0)))
    many = Supervisor(Settings(home=tmp_path, port=0, workers=64))
    assert {one.environment["NAS_TORCH_THREADS"] for one in many.children} == {"1"}
    assert len({one.name for one in many.children}) == 66
