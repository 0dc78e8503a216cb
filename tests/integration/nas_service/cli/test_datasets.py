"""`nas datasets` against a real service."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.integration.nas_service.cli.conftest import Nas
from tests.support.image_folders import make_image_folder

AsJson = Callable[..., Any]


def test_a_folder_is_uploaded_listed_and_deleted(nas: Nas, as_json: AsJson, tmp_path: Path) -> None:
    make_image_folder(tmp_path / "pets", {"cat": 3, "dog": 3})
    made = as_json("datasets", "upload", "pets")
    assert (made["name"], made["facts"]["image_count"]) == ("pets", 6)
    again = nas("datasets", "upload", str(tmp_path / "pets"), "--name", "mine")
    assert f"dataset: {{name: {made['id']}}}" in again.stdout
    assert [item["id"] for item in as_json("datasets", "list")["items"]] == [made["id"]]
    assert "pets" in nas("datasets", "list").stdout
    assert as_json("datasets", "delete", made["id"]) == {"deleted": made["id"]}
    assert "no data set yet" in nas("datasets", "list").stdout


def test_a_refusal_names_the_image_at_fault(nas: Nas, tmp_path: Path) -> None:
    folder = make_image_folder(tmp_path / "pets", {"cat": 3, "dog": 3})
    (folder / "dog" / "9.png").write_bytes(b"no image")
    shown = nas("datasets", "upload", "pets")
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert "dog/9.png: not an image" in shown.stderr


def test_what_does_not_exist_is_not_sent(nas: Nas) -> None:
    assert nas("datasets", "upload", "nowhere").exit_code == 2
    assert "no data set" in nas("datasets", "delete", "dataset-0").stderr
