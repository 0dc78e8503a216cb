"""The process that inspects uploads: its answers, and what becomes of files that are too much for it."""

import sys
from pathlib import Path

import numpy as np
import pytest

from nas_service.data import inspector
from nas_service.data.inspection import inspect
from nas_service.data.inspector import InspectionProcess
from nas_service.domain.errors import DatasetError
from tests.support.archives import class_folders, write_zip


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


def test_a_file_that_takes_too_much_memory_is_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty million images of one pixel: a few kilobytes to send."""
    count = 20_000_000
    np.savez_compressed(tmp_path / "a.npz", x=np.zeros((count, 1, 1), np.uint8), y=np.zeros(count, np.int8))
    monkeypatch.setattr(inspector, "MEMORY_BYTES", 200 * 2**20)
    with pytest.raises(DatasetError, match="200 MiB") as caught:
        InspectionProcess()(tmp_path / "a.npz")
    assert caught.value.problem == "too-large-to-check"
