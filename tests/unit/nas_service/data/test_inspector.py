"""The process that inspects uploads: its answers, and what becomes of files that are too much for it."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from nas_service.data import inspector
from nas_service.data.inspection import inspect
from nas_service.data.inspector import InspectionProcess
from nas_service.domain.errors import DatasetError
from tests.support.archives import class_folders, write_zip
from tests.support.waiting import wait_for


def test_it_brings_back_the_facts(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", class_folders({"cat": 3, "dog": 3}))
    assert InspectionProcess()(path) == inspect(path)


def test_it_brings_back_what_is_wrong_and_where(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", class_folders({"cat": 3, "dog": 1}))
    with pytest.raises(DatasetError) as caught:
        InspectionProcess()(path)
    assert (caught.value.problem, caught.value.where) == ("too-few-samples", "dog")


def test_a_reader_that_breaks_or_takes_too_long_is_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A decoder that dies cannot be had for the asking, so another program stands for it."""
    path = write_zip(tmp_path / "a.zip", {"cat/1.png": b"1"})
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(DatasetError) as caught:
        InspectionProcess()(path)
    assert caught.value.problem == "uncheckable"
    monkeypatch.undo()
    monkeypatch.setattr(inspector, "TIMEOUT_S", 0.01)
    with pytest.raises(DatasetError) as caught:
        InspectionProcess()(path)
    assert caught.value.problem == "too-large-to-check"


MANY = 80_000_000
"""Images of one pixel: some kilobytes to send, and seconds to read on any machine."""


@pytest.fixture(scope="module")
def many_images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that takes some memory and some seconds to read."""
    path = tmp_path_factory.mktemp("many") / "a.npz"
    np.savez_compressed(path, x=np.zeros((MANY, 1, 1), np.uint8), y=np.zeros(MANY, np.int8))
    return path


def test_a_file_that_takes_too_much_memory_is_a_refusal(many_images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspector, "MEMORY_BYTES", 200 * 2**20)
    with pytest.raises(DatasetError, match="200 MiB") as caught:
        InspectionProcess()(many_images)
    assert caught.value.problem == "too-large-to-check"


def test_a_file_that_takes_too_much_of_the_processor_is_a_refusal(
    many_images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspector, "CPU_S", 1)
    with pytest.raises(DatasetError, match="longer than 1 s") as caught:
        InspectionProcess()(many_images)
    assert caught.value.problem == "too-large-to-check"


INSPECT_FOR_EVER = """
import sys
from pathlib import Path
from nas_service.data import inspector
inspector.refuse_other_files = lambda path: None
inspector.InspectionProcess()(Path(sys.argv[1]))
"""


def test_an_inspection_ends_with_whoever_asked_for_it(tmp_path: Path) -> None:
    """A pipe into which nobody writes stands for a file that takes for ever to read; a look at its end is left out."""
    os.mkfifo(tmp_path / "a.zip")
    asking = subprocess.Popen([sys.executable, "-c", INSPECT_FOR_EVER, str(tmp_path / "a.zip")])
    try:
        [inspection] = wait_for(psutil.Process(asking.pid).children, "the inspection")
        wait_for(lambda: inspection.num_threads() > 1, "the inspection to have begun")
    finally:
        asking.kill()
        asking.wait()
    wait_for(lambda: not inspection.is_running(), "the inspection's end")
