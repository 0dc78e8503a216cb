"""Content-addressed, stored once, verified on read: on a folder and on a bucket."""

import hashlib
from pathlib import Path

import pytest

from nas_service.artifacts import Artifacts, CorruptArtifactError, Files
from nas_service.domain.errors import NotFoundError
from nas_service.store.unit_of_work import SqlStore
from nas_service.use_cases.ports import artifact_name

CONTENT = b"content"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
NAME = artifact_name(SHA256)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(CONTENT)
    return path


def overwrite(files: Files, content: bytes, folder: Path) -> None:
    (folder / "other").write_bytes(content)
    files.put(folder / "other", NAME)


def test_a_file_is_found_by_its_sha256(artifacts: Artifacts, source: Path, tmp_path: Path) -> None:
    artifact = artifacts.put(source, "text/plain")
    assert (artifact.sha256, artifact.size_bytes, artifact.media_type) == (SHA256, 7, "text/plain")
    assert artifacts.open_path(SHA256).read_bytes() == CONTENT
    assert artifacts.fetch(SHA256, tmp_path / "deep" / "copy").read_bytes() == CONTENT


def test_an_equal_file_is_stored_once_and_never_written_again(
    artifacts: Artifacts, files: Files, source: Path, tmp_path: Path
) -> None:
    artifacts.put(source, "text/plain")
    overwrite(files, b"CONTENT", tmp_path)
    artifacts.put(source, "text/plain")
    [stored] = files.list()
    assert stored.name == NAME
    files.fetch(NAME, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"CONTENT", "it was written again"


def test_what_was_cut_short_is_mended_by_the_next_who_has_it(
    artifacts: Artifacts, files: Files, source: Path, tmp_path: Path
) -> None:
    overwrite(files, CONTENT[:3], tmp_path)
    artifacts.put(source, "text/plain")
    assert artifacts.open_path(SHA256).read_bytes() == CONTENT


def test_a_rotten_file_is_an_error_and_never_given_out(
    artifacts: Artifacts, files: Files, source: Path, tmp_path: Path
) -> None:
    artifacts.put(source, "text/plain")
    overwrite(files, b"CONTENT", tmp_path)
    for _ in range(2):
        with pytest.raises(CorruptArtifactError):
            artifacts.open_path(SHA256)
    with pytest.raises(CorruptArtifactError):
        artifacts.fetch(SHA256, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_file_that_rots_after_it_was_verified_is_noticed(artifacts: Artifacts, source: Path) -> None:
    artifacts.put(source, "text/plain")
    artifacts.open_path(SHA256).write_bytes(b"rotten!")
    with pytest.raises(CorruptArtifactError):
        artifacts.open_path(SHA256)


def test_what_is_not_stored_is_not_found(artifacts: Artifacts, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=SHA256):
        artifacts.open_path(SHA256)
    with pytest.raises(NotFoundError, match=SHA256):
        artifacts.fetch(SHA256, tmp_path / "copy")


def test_the_row_is_there_before_the_file(artifacts: Artifacts, store: SqlStore, source: Path) -> None:
    """So that the collector knows of it: a file without a row is one that nobody is about to use."""
    artifacts.put(source, "text/plain")
    with store.read() as uow:
        assert uow.connection.exec_driver_sql("SELECT sha256, size_bytes FROM artifacts").all() == [(SHA256, 7)]
