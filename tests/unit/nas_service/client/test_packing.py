"""Folders are packed to the same bytes, whoever packs them and when."""

import os
import zipfile
from pathlib import Path

from nas_service.client.packing import pack_folder
from nas_service.data.archive import open_archive
from tests.support.image_folders import make_image_folder


def test_equal_folders_give_equal_bytes(tmp_path: Path) -> None:
    folder = make_image_folder(tmp_path / "photos", {"cat": 2, "dog": 2})
    twin = tmp_path / "twin"
    for path in sorted(folder.rglob("*.png"), reverse=True):
        copy = twin / path.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
        os.utime(copy, (0, 0))
        copy.chmod(0o600)
    assert pack_folder(folder, tmp_path / "a.zip").read_bytes() == pack_folder(twin, tmp_path / "b.zip").read_bytes()


def test_another_pixel_gives_other_bytes(tmp_path: Path) -> None:
    folder = make_image_folder(tmp_path / "photos", {"cat": 2, "dog": 2})
    before = pack_folder(folder, tmp_path / "a.zip").read_bytes()
    make_image_folder(tmp_path / "photos", {"cat": 1}, size=(9, 8))
    assert pack_folder(folder, tmp_path / "b.zip").read_bytes() != before


def test_a_packed_folder_is_one_that_the_service_accepts_without_hidden_files(tmp_path: Path) -> None:
    folder = make_image_folder(tmp_path / "photos", {"cat": 1, "dog/brown": 1})
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("x")
    (folder / "cat" / ".DS_Store").write_bytes(b"x")
    packed = open_archive(pack_folder(folder, tmp_path / "a.zip"))
    assert packed.namelist() == ["cat/0.png", "dog/brown/0.png"]
    assert {info.compress_type for info in packed.infolist()} == {zipfile.ZIP_STORED}
