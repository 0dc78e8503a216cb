"""Named files: whole or absent, replaced whole, in a folder and in a bucket alike."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from nas_service.artifacts import Files, open_files
from nas_service.domain.errors import NotFoundError, RetryableError
from tests.support.source import ROOT


def a_file(folder: Path, content: bytes) -> Path:
    path = folder / "source"
    path.write_bytes(content)
    return path


def test_what_is_put_comes_back(files: Files, tmp_path: Path) -> None:
    files.put(a_file(tmp_path, b"content"), "one/name")
    files.fetch("one/name", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"content"
    assert files.size_bytes("one/name") == 7


def test_an_empty_file_is_a_file(files: Files, tmp_path: Path) -> None:
    files.put(a_file(tmp_path, b""), "empty")
    files.fetch("empty", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b""
    assert files.size_bytes("empty") == 0


def test_a_file_is_replaced(files: Files, tmp_path: Path) -> None:
    files.put(a_file(tmp_path, b"the older one"), "name")
    files.put(a_file(tmp_path, b"newer"), "name")
    files.fetch("name", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"newer"


def test_what_is_not_there_is_said_so(files: Files, tmp_path: Path) -> None:
    assert files.size_bytes("name") is None
    assert list(files.list()) == []
    with pytest.raises(NotFoundError):
        files.fetch("name", tmp_path / "copy")


def test_a_deleted_file_is_gone_and_may_be_deleted_again(files: Files, tmp_path: Path) -> None:
    files.put(a_file(tmp_path, b"content"), "name")
    files.delete("name")
    files.delete("name")
    assert files.size_bytes("name") is None


def test_a_listing_shows_what_others_wrote_just_now(files: Files, url: str, tmp_path: Path) -> None:
    assert list(files.list("one")) == []
    before_s = time.time()
    other = open_files(url, "artifacts")
    other.put(a_file(tmp_path, b"content"), "one/name")
    other.put(a_file(tmp_path, b"elsewhere"), "two/name")
    [found] = files.list("one")
    assert (found.name, found.size_bytes) == ("one/name", 7)
    assert abs(found.modified_at_s - before_s) < 60
    assert {file.name for file in files.list()} == {"one/name", "two/name"}


PEAK_OF_BOTH_WAYS = """
import sys, tracemalloc
from pathlib import Path
from nas_service.artifacts import open_files

files, folder = open_files(sys.argv[1], "artifacts"), Path(sys.argv[2])
tracemalloc.start()
files.put(folder / "large", "large")
files.fetch("large", folder / "copy")
print(tracemalloc.get_traced_memory()[1])
"""


def test_large_files_are_streamed_both_ways(url: str, tmp_path: Path) -> None:
    """In a process of its own: the server of the test keeps its objects in this one's memory."""
    size_bytes = 48 * 2**20
    with (tmp_path / "large").open("wb") as large:
        large.truncate(size_bytes)
    command = [sys.executable, "-c", PEAK_OF_BOTH_WAYS, url, str(tmp_path)]
    peak_bytes = int(subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout)
    assert (tmp_path / "copy").stat().st_size == size_bytes
    assert peak_bytes < size_bytes


def test_a_source_that_cannot_be_read_leaves_nothing(files: Files, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        files.put(tmp_path / "missing", "name")
    assert list(files.list()) == []


def test_a_bucket_that_does_not_answer_is_a_passing_fault(
    s3_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(RetryableError, match="NAS_ARTIFACTS_URL"):
        open_files(s3_url, "artifacts").size_bytes("name")


def test_a_folder_that_cannot_be_written_is_a_passing_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RetryableError, match="NAS_ARTIFACTS_URL"):
        open_files(str(tmp_path / "file"), "artifacts").put(a_file(tmp_path, b"content"), "name")
