"""What is found in an upload, and what is refused because nothing could be learned from it."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nas_service.data.imagefolder import open_imagefolder
from nas_service.data.inspection import inspect
from nas_service.data.uploads import open_upload
from nas_service.domain.datasets import DatasetFormat
from nas_service.domain.errors import DatasetError
from tests.support.archives import class_folders, png, write_zip

GOOD = class_folders({"cat": 4, "dog": 3})


def refusal(path: Path) -> DatasetError:
    with pytest.raises(DatasetError) as caught:
        inspect(path)
    return caught.value


def test_class_folders_are_counted(tmp_path: Path) -> None:
    facts = inspect(write_zip(tmp_path / "a.zip", GOOD))
    assert facts.format is DatasetFormat.FOLDERS
    assert [(c.name, c.train, c.validation, c.test) for c in facts.classes] == [("cat", 4, 0, 0), ("dog", 3, 0, 0)]
    assert (facts.image_count, facts.channels, facts.has_one_size) == (7, 3, True)


def test_own_splits_are_counted_apart(tmp_path: Path) -> None:
    files = class_folders({"a": 2, "b": 2}, top="train/") | class_folders({"a": 1, "b": 1}, top="val/")
    facts = inspect(write_zip(tmp_path / "a.zip", files))
    assert [(c.name, c.train, c.validation, c.test) for c in facts.classes] == [("a", 2, 1, 0), ("b", 2, 1, 0)]


def test_sizes_may_differ_and_are_told(tmp_path: Path) -> None:
    files = class_folders({"cat": 3, "dog": 3}, (8, 8)) | {"dog/wide.png": png(7, (20, 8))}
    facts = inspect(write_zip(tmp_path / "a.zip", files))
    assert (facts.min_width, facts.max_width, facts.min_height, facts.max_height) == (8, 20, 8, 8)
    assert not facts.has_one_size


def test_the_folder_that_was_packed_and_what_systems_add_are_seen_through(tmp_path: Path) -> None:
    wrapped = {f"photos/{name}": content for name, content in GOOD.items()}
    added = {"photos/.DS_Store": b"x", "__MACOSX/photos/cat/._0.png": b"x", "photos/cat/Thumbs.db": b"x"}
    assert inspect(write_zip(tmp_path / "a.zip", wrapped | added)) == inspect(write_zip(tmp_path / "b.zip", GOOD))


def test_a_zip_is_read_as_the_folder_that_it_was_packed_from(tmp_path: Path, image_folder: Callable[..., Path]) -> None:
    """The same classes, order, pixels and fingerprint: results of the one hold for the other."""
    folder = image_folder({"train/a": 3, "train/b": 2, "test/a": 1})
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.png")}
    packed = open_upload(write_zip(tmp_path / "a.zip", files), None)
    unpacked = open_imagefolder("photos", [tmp_path], None)
    assert packed.content_hash == unpacked.content_hash
    assert packed.classes == unpacked.classes
    assert packed.parts.tolist() == unpacked.parts.tolist()
    assert np.array_equal(np.concatenate(list(packed.chunks())), np.concatenate(list(unpacked.chunks())))


@pytest.mark.parametrize(
    ("files", "problem", "where"),
    [
        ({}, "no-class-folders", "a.zip"),
        ({"1.png": png()}, "no-class-folders", "a.zip"),
        (class_folders({"cat": 9}), "one-class", "cat"),
        (GOOD | {"bird/notes.txt": b"x"}, "empty-class", "bird"),
        (GOOD | {"bird/": b""}, "empty-class", "bird"),
        (class_folders({"cat": 9, "dog": 2}), "too-few-samples", "dog"),
        (class_folders({"cat": 9, "dog": 9}, top="train/") | {"val/cow/1.png": png()}, "unknown-class", "val/cow"),
        (GOOD | {"dog/9.png": b""}, "broken-images", "dog/9.png"),
        (GOOD | {"dog/9.png": b"\x89PNG\r\n\x1a\n"}, "broken-images", "dog/9.png"),
        (GOOD | {"dog/9.png": png()[:-40]}, "broken-images", "dog/9.png"),
        (GOOD | {"dog/9.jpg": b"<svg onload=alert(1)>"}, "broken-images", "dog/9.jpg"),
    ],
)
def test_folders_from_which_nothing_could_be_learned_are_refused_by_name(
    tmp_path: Path, files: dict[str, bytes], problem: str, where: str
) -> None:
    refused = refusal(write_zip(tmp_path / "a.zip", files))
    assert (refused.problem, refused.where) == (problem, where)


def test_all_broken_images_are_counted_and_the_first_are_named(tmp_path: Path) -> None:
    files = GOOD | {f"dog/broken{number}.png": b"no image" for number in range(8)}
    refused = refusal(write_zip(tmp_path / "a.zip", files))
    assert "8 of 15 images" in refused.detail
    assert "dog/broken0.png: not an image" in refused.detail
    assert refused.detail.endswith("and 3 more")


def test_an_image_that_states_too_many_pixels_is_named_and_never_decoded(tmp_path: Path) -> None:
    header = b"P5 9000 9000 255\n"  # PGM: 81 million grey pixels follow, it says
    refused = refusal(write_zip(tmp_path / "a.zip", GOOD | {"cat/bomb.pgm": header}))
    assert (refused.problem, refused.where) == ("broken-images", "cat/bomb.pgm")
    assert "9000x9000" in refused.detail


def npz(path: Path, **arrays: np.ndarray) -> Path:
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)
    return path


X = np.random.default_rng(0).integers(0, 256, (9, 8, 10), dtype=np.uint8)
Y = np.array([0, 1, 2] * 3)


def test_arrays_are_counted(tmp_path: Path) -> None:
    facts = inspect(npz(tmp_path / "a.npz", x=X, y=Y, x_test=X[:3], y_test=Y[:3]))
    assert facts.format is DatasetFormat.NPZ
    assert [(c.name, c.train, c.test) for c in facts.classes] == [("0", 3, 1), ("1", 3, 1), ("2", 3, 1)]
    assert (facts.image_count, facts.channels, facts.max_width, facts.max_height) == (12, 1, 10, 8)


@pytest.mark.parametrize(
    ("arrays", "problem", "where"),
    [
        ({"x": X}, "missing-array", "y"),
        ({"x": X, "y": Y.astype(object)}, "npz-object-array", "y"),
        ({"x": X, "y": np.array([0] * 9)}, "one-class", "0"),
        ({"x": np.where(X[4, 4, 4] == X, np.nan, X / 255.0), "y": Y}, "not-finite", "x"),
    ],
)
def test_arrays_from_which_nothing_could_be_learned_are_refused_by_name(
    tmp_path: Path, arrays: dict[str, np.ndarray], problem: str, where: str
) -> None:
    refused = refusal(npz(tmp_path / "a.npz", **arrays))
    assert (refused.problem, refused.where) == (problem, where)


@pytest.mark.parametrize("shape", [(2**40, 8, 8), (9, 2**20, 2**20), (9, 8, 11)])
def test_a_shape_that_lies_is_refused_before_memory_is_taken(tmp_path: Path, shape: tuple[int, ...]) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": shape})
    path = npz(tmp_path / "a.npz", y=Y)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("x.npy", header.getvalue() + X.tobytes())
    refused = refusal(path)
    assert (refused.problem, refused.where) == ("npz-corrupt", "x")
