"""Temporary files of workers: gone when the worker leaves, and when it is killed, but never those of the living."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.support.source import ROOT
from workers.scratch import Scratch

WORKER = """
import sys, tempfile
from workers.scratch import Scratch
with Scratch():
    print(tempfile.mkdtemp(), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def outer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this test's temporary files go."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def worker(outer: Path) -> tuple[subprocess.Popen[str], Path]:
    """A process with a temporary folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER],
        env=os.environ | {"TMPDIR": str(outer), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_temporary_files_lie_in_a_folder_of_the_process_and_go_with_it(outer: Path) -> None:
    with Scratch() as scratch, tempfile.NamedTemporaryFile(delete=False) as file:
        assert Path(file.name).parent == scratch.folder
        assert scratch.folder.parent == outer
    assert tempfile.gettempdir() == str(outer)
    assert list(outer.iterdir()) == []


def test_what_a_killed_worker_left_is_removed_by_the_next_and_the_living_keep_theirs(outer: Path) -> None:
    (killed, lost), (living, kept) = worker(outer), worker(outer)
    with killed, living:
        killed.kill()
        killed.wait()
        assert lost.exists()
        with Scratch():
            assert not lost.parent.exists()
            assert kept.exists()
        living.communicate("")
    assert list(outer.iterdir()) == []
