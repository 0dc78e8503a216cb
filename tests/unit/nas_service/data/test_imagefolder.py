"""Image folders: layouts, order and what is refused."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from nas_service.data.imagefolder import open_imagefolder
from nas_service.data.source import Part
from nas_service.domain.errors import DatasetError

MakeFolder = Callable[..., Path]


def test_class_folders_give_the_classes_in_order_of_name(tmp_path: Path, image_folder: MakeFolder) -> None:
    image_folder({"dog": 2, "cat": 3, "ant/winged": 1})
    source = open_imagefolder("photos", [tmp_path], None)
    assert source.classes == ("ant", "cat", "dog")
    assert source.labels.tolist() == [0, 1, 1, 1, 2, 2]


def test_the_order_of_creation_does_not_matter(tmp_path: Path, image_folder: MakeFolder) -> None:
    folder = image_folder({"cat": 12, "dog": 12})
    before = open_imagefolder("photos", [tmp_path], None).content_hash
    for path in sorted(folder.rglob("*.png"), reverse=True):
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(content)
    assert open_imagefolder("photos", [tmp_path], None).content_hash == before


@pytest.mark.parametrize("validation", ["val", "valid", "validation"])
def test_split_folders_are_honoured(tmp_path: Path, image_folder: MakeFolder, validation: str) -> None:
    image_folder({"train/a": 2, "train/b": 1, f"{validation}/a": 1, "test/b": 2})
    source = open_imagefolder("photos", [tmp_path], None)
    assert source.classes == ("a", "b")
    assert source.labels.tolist() == [0, 0, 1, 0, 1, 1]
    assert source.parts.tolist() == [Part.TRAIN] * 3 + [Part.VALIDATION] + [Part.TEST] * 2


def test_a_class_may_be_named_train(tmp_path: Path, image_folder: MakeFolder) -> None:
    image_folder({"car": 1, "train": 1})
    assert open_imagefolder("photos", [tmp_path], None).classes == ("car", "train")


def test_other_files_are_passed_over(tmp_path: Path, image_folder: MakeFolder) -> None:
    folder = image_folder({"a": 1, "b": 1})
    (folder / "README.txt").write_text("mine")
    (folder / "a" / "Thumbs.db").write_bytes(b"x")
    (folder / ".cache").mkdir()
    assert len(open_imagefolder("photos", [tmp_path], None).labels) == 2


@pytest.mark.parametrize(
    ("counts", "problem", "where"),
    [
        ({"a": 1, "b": 0}, "empty-class", "b"),
        ({"train/a": 1, "train/b": 0}, "empty-class", "train/b"),
        ({"train/a": 1, "test/c": 1}, "unknown-class", "test/c"),
        ({"train/a": 1, "val/a": 1, "valid/a": 1}, "two-validation-folders", "valid"),
        ({}, "no-class-folders", "photos"),
    ],
)
def test_folders_that_make_no_data_set_are_refused_by_name(
    tmp_path: Path, image_folder: MakeFolder, counts: dict[str, int], problem: str, where: str
) -> None:
    image_folder(counts)
    with pytest.raises(DatasetError) as caught:
        open_imagefolder("photos", [tmp_path], None)
    assert (caught.value.problem, caught.value.where) == (problem, where)


def test_a_linked_image_outside_the_roots_is_refused(tmp_path: Path, image_folder: MakeFolder) -> None:
    folder = image_folder({"a": 1, "b": 1})
    outside = tmp_path / "outside.png"
    shutil.copy(folder / "a/0.png", outside)
    (folder / "a" / "1.png").symlink_to(outside)
    with pytest.raises(DatasetError, match="a/1.png") as caught:
        open_imagefolder(str(folder), [folder], None)
    assert caught.value.problem == "path-outside-roots"


def test_a_linked_class_folder_outside_the_roots_is_refused(tmp_path: Path, image_folder: MakeFolder) -> None:
    folder = image_folder({"a": 1, "b": 1})
    shutil.move(folder / "b", tmp_path / "elsewhere")
    (folder / "b").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DatasetError, match="photos/b") as caught:
        open_imagefolder(str(folder), [folder], None)
    assert caught.value.problem == "path-outside-roots"


def test_a_file_is_not_a_folder(tmp_path: Path) -> None:
    (tmp_path / "photos").write_bytes(b"")
    with pytest.raises(DatasetError) as caught:
        open_imagefolder("photos", [tmp_path], None)
    assert caught.value.problem == "not-a-folder"
