"""npz files: the forms that are read, and every way they can be wrong."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from nas_service.data import npz
from nas_service.data.npz import open_npz
from nas_service.data.source import Part, Source
from nas_service.domain.errors import DatasetError

X = np.random.default_rng(0).integers(0, 256, (6, 8, 10), dtype=np.uint8)
Y = np.array([0, 1, 2] * 2)


def opened(folder: Path, image_size: int | None = None, **arrays: np.ndarray) -> Source:
    np.savez_compressed(folder / "set.npz", **arrays)
    return open_npz("set.npz", [folder], image_size)


def pixels(source: Source) -> np.ndarray:
    return np.concatenate(list(source.chunks()))


def test_grey_and_rgb_pixels_come_back_as_they_are(tmp_path: Path) -> None:
    assert np.array_equal(pixels(opened(tmp_path, x=X, y=Y)), X[..., None])
    colour = np.stack([X, X // 2, X // 3], axis=-1)
    assert np.array_equal(pixels(opened(tmp_path, x=colour, y=Y)), colour)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_in_the_unit_range_become_the_nearest_level(tmp_path: Path, dtype: type) -> None:
    source = opened(tmp_path, x=(X / 255).astype(dtype), y=Y)
    assert np.array_equal(pixels(source), X[..., None])


def test_own_splits_follow_each_other(tmp_path: Path) -> None:
    arrays = {"x": X, "y": Y, "x_test": X[:2], "y_test": Y[:2], "x_validation": X[:1], "y_validation": Y[:1]}
    source = opened(tmp_path, **arrays)
    assert source.parts.tolist() == [Part.TRAIN] * 6 + [Part.VALIDATION] + [Part.TEST] * 2
    assert source.labels.tolist() == [0, 1, 2, 0, 1, 2, 0, 0, 1]
    assert np.array_equal(pixels(source), np.concatenate([X, X[:1], X[:2]])[..., None])


def test_x_train_will_do_for_x(tmp_path: Path) -> None:
    source = opened(tmp_path, x_train=X, y_train=Y.astype(np.uint8), x_test=X, y_test=Y)
    assert len(source.labels) == 12


def test_classes_may_be_named(tmp_path: Path) -> None:
    assert opened(tmp_path, x=X, y=Y).classes == ("0", "1", "2")
    assert opened(tmp_path, x=X, y=Y, classes=np.array(["ant", "bee", "cow"])).classes == ("ant", "bee", "cow")


def test_images_are_read_in_chunks_and_resized(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(npz, "chunk_length", lambda shape: 4)
    source = opened(tmp_path, image_size=16, x=X, y=Y)
    assert [chunk.shape for chunk in source.chunks()] == [(4, 16, 16, 1), (2, 16, 16, 1)]


@pytest.mark.parametrize(
    ("arrays", "problem", "where"),
    [
        ({"x": X}, "missing-array", "y"),
        ({"images": X, "labels": Y}, "missing-array", "x"),
        ({"x": X, "y": Y, "x_test": X}, "missing-array", "y_test"),
        ({"x": X[0], "y": Y}, "wrong-shape", "x"),
        ({"x": X[:0], "y": Y[:0]}, "wrong-shape", "x"),
        ({"x": np.stack([X] * 4, axis=-1), "y": Y}, "wrong-shape", "x"),
        ({"x": np.stack([X] * 3, axis=1), "y": Y}, "wrong-shape", "x"),
        ({"x": X, "y": Y[:5]}, "wrong-shape", "y"),
        ({"x": X, "y": Y[:, None]}, "wrong-shape", "y"),
        ({"x": X, "y": Y, "x_test": X[:, :5], "y_test": Y}, "wrong-shape", "x_test"),
        ({"x": X.astype(np.int64), "y": Y}, "wrong-dtype", "x"),
        ({"x": X, "y": Y.astype(float)}, "wrong-dtype", "y"),
        ({"x": X, "y": Y, "classes": np.arange(3)}, "wrong-dtype", "classes"),
        ({"x": X, "y": np.array([0, 1, "b"] * 2, object)}, "npz-object-array", "y"),
        ({"x": np.asfortranarray(X), "y": Y}, "npz-fortran-order", "x"),
    ],
)
def test_wrong_arrays_are_refused_by_name(
    tmp_path: Path, arrays: dict[str, np.ndarray], problem: str, where: str
) -> None:
    with pytest.raises(DatasetError) as caught:
        opened(tmp_path, **arrays)
    assert (caught.value.problem, caught.value.where) == (problem, where)


def test_channels_first_is_told_how_to_move_them(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"x.transpose\(0, 2, 3, 1\)"):
        opened(tmp_path, x=np.stack([X] * 3, axis=1), y=Y)


@pytest.mark.parametrize(("value", "problem"), [(np.nan, "not-finite"), (np.inf, "not-finite"), (1.5, "wrong-range")])
def test_float_pixels_out_of_range_are_refused(tmp_path: Path, value: float, problem: str) -> None:
    x = X / 255
    x[3, 2, 1] = value
    with pytest.raises(DatasetError) as caught:
        pixels(opened(tmp_path, x=x, y=Y))
    assert (caught.value.problem, caught.value.where) == (problem, "x")


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "set.npz.npy", X)
    (tmp_path / "set.npz.npy").rename(tmp_path / "set.npz")
    with pytest.raises(DatasetError) as caught:
        open_npz("set.npz", [tmp_path], None)
    assert caught.value.problem == "not-npz"


def test_damaged_pixels_are_named_when_they_are_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", x=X, y=Y)
    content = bytearray((tmp_path / "set.npz").read_bytes())
    content[content.index(X.tobytes()) + 5] ^= 1
    (tmp_path / "set.npz").write_bytes(content)
    with pytest.raises(DatasetError, match="CRC") as caught:
        pixels(open_npz("set.npz", [tmp_path], None))
    assert (caught.value.problem, caught.value.where) == ("npz-corrupt", "x")


def test_a_header_that_claims_more_than_is_there_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (2**50, 8, 8)})
    with zipfile.ZipFile(tmp_path / "set.npz", "w") as archive:
        archive.writestr("x.npy", header.getvalue())
    with pytest.raises(DatasetError, match="claims") as caught:
        open_npz("set.npz", [tmp_path], None)
    assert caught.value.problem == "npz-corrupt"
