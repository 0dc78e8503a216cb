"""What NAS_ARTIFACTS_URL may say."""

import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from nas_service.artifacts import open_files
from nas_service.artifacts.folder import Folder
from nas_service.domain.errors import PermanentError
from nas_service.settings import Settings


@pytest.mark.parametrize("form", ["{0}", "file://{0}"])
def test_a_folder_may_be_named_by_path_or_url(form: str, tmp_path: Path) -> None:
    files = open_files(Settings(artifacts_url=form.format(tmp_path)).files_url, "artifacts")
    assert isinstance(files, Folder)
    assert files.path("a/b") == tmp_path / "artifacts" / "a" / "b"


def test_without_one_everything_lies_at_home(tmp_path: Path) -> None:
    assert Settings(home=tmp_path).files_url == str(tmp_path)


@pytest.mark.parametrize("url", ["ftp://host/folder", "s3://", "file://folder", "s3:///"])
def test_other_addresses_are_refused_by_name(url: str) -> None:
    with pytest.raises(ValidationError, match="artifacts_url"):
        Settings(artifacts_url=url)


def test_a_missing_package_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "nas_service.artifacts.bucket", raising=False)
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(PermanentError, match=r"pip install 'nas-service\[s3\]'"):
        open_files("s3://bucket/prefix", "artifacts")
