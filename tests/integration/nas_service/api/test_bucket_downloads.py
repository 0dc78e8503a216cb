"""Downloads of files that lie in a bucket (of moto's server, which stands in for S3): as from a folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from nas_service.bootstrap import Service
from nas_service.use_cases.ports import artifact_name
from tests.integration.nas_service.api.test_candidates import (
    bundle,
    candidate_id,
    test_a_bundle_is_downloaded_whole_under_its_sha256,
    test_a_download_can_be_continued,
    test_a_range_that_cannot_be_served_is_a_problem,
)
from tests.support.api import new_service

__all__ = [
    "bundle",
    "candidate_id",
    "test_a_bundle_is_downloaded_whole_under_its_sha256",
    "test_a_download_can_be_continued",
    "test_a_range_that_cannot_be_served_is_a_problem",
]


@pytest.fixture
def service(tmp_path: Path, s3_url: str) -> Iterator[Service]:
    """A service that keeps its files in a bucket."""
    with new_service(tmp_path / "home", artifacts_url=s3_url) as service:
        yield service


def test_the_files_are_in_the_bucket_alone(service: Service, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    artifact = service.artifacts.put(tmp_path / "file", "text/plain")
    assert [file.name for file in service.files.list()] == [artifact_name(artifact.sha256)]
    assert not (service.settings.home / "artifacts").exists()
