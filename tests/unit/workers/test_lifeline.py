"""No orphans, with real processes: a parent that is killed outright, and children of every temper."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.support.source import ROOT
from tests.support.waiting import wait_for
from workers import lifeline

PARENT = """
import os, sys, subprocess
from workers import lifeline
with open(sys.argv[2], "wb") as log:
    child = lifeline.start_child(sys.argv[1], os.environ, log)
print(child.pid, flush=True)
child.wait()
"""

SAY = "import sys, time; print('here', flush=True)\n"
CHILDREN = {
    "waiting": SAY + "time.sleep(600)",
    "deaf": SAY + "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)",
    "busy": SAY + "while True: pass",
}


@contextmanager
def family(folder: Path, code: str) -> Iterator[tuple[subprocess.Popen[str], psutil.Process]]:
    """A parent process and its child, which runs `code` and has begun to."""
    (folder / "child_code.py").write_text(code)
    log = folder / "child.log"
    environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, "child_code", str(log)], env=environment, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        try:
            wait_for(lambda: "here" in log.read_text(), "the child to begin")
            yield parent, child
        finally:
            parent.kill()
            if child.is_running():
                child.kill()


@pytest.mark.parametrize("temper", CHILDREN)
def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path, temper: str) -> None:
    with family(tmp_path, CHILDREN[temper]) as (parent, child):
        parent.kill()
        child.wait(timeout=60)


def test_a_child_ends_with_a_parent_that_was_killed_while_the_child_was_still_importing(tmp_path: Path) -> None:
    """An import runs before any line of the child's own code: the line must be held before it begins."""
    with family(tmp_path, SAY + "time.sleep(600)\nimport workers") as (parent, child):
        parent.kill()
        child.wait(timeout=60)


def test_a_child_outlives_other_children(tmp_path: Path) -> None:
    """Were the line inherited by a sibling, it would hold the end open and the child would never learn."""
    (tmp_path / "waits.py").write_text(CHILDREN["waiting"])
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    with (tmp_path / "log").open("wb") as log:
        first, second = (lifeline.start_child("waits", environment, log) for _ in range(2))
    wait_for(lambda: (tmp_path / "log").read_text().count("here") == 2, "both children to begin")
    first.kill()
    first.wait()
    lifeline.cut(first)
    assert second.poll() is None
    lifeline.cut(second)
    assert second.wait(timeout=60) == lifeline.EXIT_ORPHANED


def test_what_a_child_starts_inherits_nothing_of_the_line(tmp_path: Path) -> None:
    """A grandchild that found the variable would take any descriptor of that number for its line."""
    grandchild = "import os, json; print(json.dumps([os.environ.get('NAS_LIFELINE_FD'), os.listdir('/proc/self/fd')]))"
    code = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {grandchild!r}], close_fds=False)"
    (tmp_path / "starts.py").write_text(code)
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    with (tmp_path / "log").open("wb") as log:
        child = lifeline.start_child("starts", environment, log)
    assert child.wait(timeout=30) == 0
    lifeline.cut(child)
    variable, descriptors = json.loads((tmp_path / "log").read_text())
    assert variable is None
    assert len(descriptors) == 4  # three standard ones, and the folder that is being listed


def test_a_file_in_the_working_directory_does_not_shadow_a_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`nas run` is started in folders of users, where a `random.py` or `workers.py` is nothing unusual."""
    (tmp_path / "colorsys.py").write_text("raise SystemExit('shadowed')")
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "imports.py").write_text("import colorsys; print(colorsys.__file__)")
    monkeypatch.chdir(tmp_path)
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path / 'modules'}{os.pathsep}{ROOT}"}
    with (tmp_path / "log").open("wb") as log:
        child = lifeline.start_child("imports", environment, log)
    assert child.wait(timeout=30) == 0, (tmp_path / "log").read_text()
    lifeline.cut(child)


def test_a_module_started_by_hand_needs_no_line(tmp_path: Path) -> None:
    (tmp_path / "alone.py").write_text("print('done')")
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", "workers.lifeline", "alone"]
    assert subprocess.run(command, env=environment, capture_output=True, check=True).stdout == b"done\n"


def test_a_child_is_out_of_reach_of_the_terminals_interrupt(tmp_path: Path) -> None:
    with family(tmp_path, CHILDREN["waiting"]) as (parent, child):
        assert os.getsid(child.pid) == child.pid
        assert os.getsid(parent.pid) != child.pid
        child.send_signal(signal.SIGTERM)
        child.wait(timeout=60)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills children with their parent")
def test_even_a_stopped_child_ends_with_its_parent(tmp_path: Path) -> None:
    with family(tmp_path, CHILDREN["waiting"]) as (parent, child):
        child.suspend()
        parent.kill()
        child.wait(timeout=60)


FORKING_PARENT = """
import os, time
from workers.lifeline import ForkLine
line = ForkLine()
for _ in range(2):
    if (child := os.fork()) == 0:
        line.hold_on()
        time.sleep(600)
    print(child, flush=True)
os.wait()
"""


def test_forked_children_end_when_their_parent_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", FORKING_PARENT], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        children = [psutil.Process(int(parent.stdout.readline())) for _ in range(2)]
        parent.kill()
        for child in children:
            child.wait(timeout=60)
