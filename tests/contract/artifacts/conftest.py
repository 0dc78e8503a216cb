"""The same files in a folder and in a bucket (of moto's server, which stands in for S3)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from nas_service.artifacts import Artifacts, Files, open_files
from nas_service.artifacts.copies import LocalCopies
from nas_service.store.unit_of_work import SqlStore
from tests.support.api import new_service


@pytest.fixture(params=["folder", "bucket"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty place of each kind."""
    return str(tmp_path / "files") if request.param == "folder" else str(request.getfixturevalue("s3_url"))


@pytest.fixture
def files(url: str) -> Files:
    """An empty file store."""
    return open_files(url, "artifacts")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    """A migrated database."""
    with new_service(tmp_path / "home") as service:
        yield service.store


@pytest.fixture
def artifacts(files: Files, store: SqlStore, tmp_path: Path) -> Artifacts:
    """An empty artifact store."""
    return Artifacts(files, store, LocalCopies(tmp_path / "copies", 2**20))
