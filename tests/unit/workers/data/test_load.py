"""Loading from a spec: the same data set with or without cache, in memory or streamed."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from nas_service.client.packing import pack_folder
from nas_service.domain.errors import DatasetError
from nas_service.domain.spec import DatasetSpec
from workers.data import DataSet, Epoch, evaluation_batches, load_dataset, summary, train_batches
from workers.data.load import Around
from workers.data.sources import UnknownUploadError
from workers.data.streamed import StreamedSplit

ALL = ("crop", "flip", "cutout", "mixup")
MakeFolder = Callable[..., Path]


def spec(name: str = "imagefolder:photos", **changes: object) -> DatasetSpec:
    return DatasetSpec(name=name, **changes)


def assert_same_batches(first: DataSet, second: DataSet) -> None:
    for epoch in (Epoch(0, 0), Epoch(0, 1, first_step=2)):
        batches = zip(train_batches(first, 4, epoch, ALL), train_batches(second, 4, epoch, ALL), strict=True)
        assert all(torch.equal(x, a) and torch.equal(y, b) for (x, y), (a, b) in batches)
    for name in ("train", "validation", "test"):
        pairs = zip(
            evaluation_batches(first, getattr(first, name), 3),
            evaluation_batches(second, getattr(second, name), 3),
            strict=True,
        )
        assert all(torch.equal(x, a) and torch.equal(y, b) for (x, y), (a, b) in pairs)


def test_digits_are_split_by_class_and_normalised_by_train_alone() -> None:
    data = load_dataset(spec("digits"), [])
    assert (data.channels, data.height, data.width) == (1, 8, 8)
    assert data.classes == tuple("0123456789")
    assert [len(split) for split in (data.train, data.validation, data.test)] == [1259, 269, 269]
    train = torch.cat([x for x, _ in evaluation_batches(data, data.train, 500)])
    assert train.mean().abs() < 1e-5
    assert (train.std(correction=0) - 1).abs() < 1e-5


def test_digits_keep_their_image_and_label_together() -> None:
    from sklearn.datasets import load_digits

    known = {
        np.rint(image / 16 * 255).astype(np.uint8).tobytes(): int(label)
        for image, label in zip(load_digits().images, load_digits().target, strict=True)
    }
    data = load_dataset(spec("digits"), [])
    for split in (data.train, data.validation, data.test):
        pairs = zip(split.rows(slice(None)), split.labels, strict=True)
        assert all(known[row.tobytes()] == int(label) for row, label in pairs)


def test_cached_and_uncached_sets_are_the_same(tmp_path: Path, image_folder: MakeFolder) -> None:
    image_folder({"cat": 10, "dog": 12})
    plain = load_dataset(spec(), [tmp_path])
    for _ in range(2):
        cached = load_dataset(spec(), [tmp_path], tmp_path / "cache")
        assert cached.fingerprint == plain.fingerprint
        assert (cached.mean, cached.std) == (plain.mean, plain.std)
        assert_same_batches(plain, cached)


@pytest.mark.parametrize("cache", ["cache", None])
def test_a_set_above_the_budget_is_streamed_and_gives_the_same_batches(
    tmp_path: Path, image_folder: MakeFolder, cache: str | None
) -> None:
    image_folder({"cat": 10, "dog": 12})
    cache_dir = tmp_path / cache if cache else None
    streamed = load_dataset(spec(), [tmp_path], cache_dir, memory_budget_bytes=1000)
    assert isinstance(streamed.train, StreamedSplit)
    assert_same_batches(load_dataset(spec(), [tmp_path]), streamed)


def test_a_streamed_file_cut_short_is_an_error_not_wrong_pixels(tmp_path: Path, image_folder: MakeFolder) -> None:
    image_folder({"cat": 10, "dog": 12})
    data = load_dataset(spec(), [tmp_path], tmp_path / "cache", memory_budget_bytes=1000)
    (pixels,) = (tmp_path / "cache").rglob("pixels.npy")
    with pixels.open("r+b") as file:
        file.truncate(500)
    with pytest.raises(OSError, match="delete the data cache"):
        list(train_batches(data, 4, Epoch(0, 0)))


def test_the_fingerprint_follows_content_and_rules_but_not_the_place(tmp_path: Path, image_folder: MakeFolder) -> None:
    folder = image_folder({"cat": 6, "dog": 6}, size=(16, 16))

    def fingerprint(name: str = "imagefolder:photos", **changes: object) -> str:
        return load_dataset(spec(name, **changes), [tmp_path]).fingerprint

    first = fingerprint()
    assert fingerprint(split_seed=1) != first
    assert fingerprint(test_fraction=0.3) != first
    assert fingerprint(image_size=8) != first
    folder.rename(tmp_path / "moved")
    assert fingerprint("imagefolder:moved") == first
    (tmp_path / "moved/cat/0.png").write_bytes((tmp_path / "moved/cat/1.png").read_bytes())
    assert fingerprint("imagefolder:moved") != first


def test_all_broken_images_are_counted_and_the_first_are_named(tmp_path: Path, image_folder: MakeFolder) -> None:
    folder = image_folder({"cat": 10, "dog": 10})
    (folder / "cat/3.png").write_bytes(b"not an image")
    (folder / "cat/4.png").write_bytes(b"")
    (folder / "dog/5.png").write_bytes((folder / "dog/5.png").read_bytes()[:-40])
    for cache_dir in (None, tmp_path / "cache"):
        with pytest.raises(DatasetError, match="3 of 20 images") as caught:
            load_dataset(spec(), [tmp_path], cache_dir)
        assert caught.value.problem == "broken-images"
        assert caught.value.where == "cat/3.png"
        assert all(name in caught.value.detail for name in ("cat/3.png", "cat/4.png", "dog/5.png"))


def test_a_folder_of_nothing_but_broken_images_names_the_first_five(tmp_path: Path, image_folder: MakeFolder) -> None:
    folder = image_folder({"cat": 4, "dog": 4})
    for path in folder.rglob("*.png"):
        path.write_bytes(b"no")
    with pytest.raises(DatasetError, match="8 of 8 images.*and 3 more"):
        load_dataset(spec(), [tmp_path])


def test_mixed_sizes_need_an_image_size(tmp_path: Path, image_folder: MakeFolder) -> None:
    image_folder({"cat": 6}, size=(10, 8))
    image_folder({"dog": 4}, size=(12, 9))
    with pytest.raises(DatasetError, match="10x8 pixels, but dog/0.png has 12x9.*set dataset.image_size") as caught:
        load_dataset(spec(), [tmp_path])
    assert (caught.value.problem, caught.value.where) == ("mixed-image-sizes", "dog/0.png")
    assert load_dataset(spec(image_size=16), [tmp_path]).train.shape == (16, 16, 3)


def test_one_coloured_image_makes_the_set_rgb(tmp_path: Path, image_folder: MakeFolder) -> None:
    image_folder({"cat": 6}, mode="L")
    image_folder({"dog": 6}, mode="L")
    assert load_dataset(spec(), [tmp_path]).channels == 1
    image_folder({"dog": 1}, mode="RGB")
    assert load_dataset(spec(), [tmp_path]).channels == 3


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("digit", "did you mean digits"),
        ("digits:8", "did you mean digits"),
        ("imagefoldr:photos", "did you mean imagefolder:PATH"),
        ("npz", "did you mean npz:PATH"),
        ("s3:bucket", "use one of digits, imagefolder:PATH, npz:PATH, hf:NAME"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(name: str, mend: str) -> None:
    with pytest.raises(DatasetError, match=mend) as caught:
        load_dataset(spec(name), [])
    assert (caught.value.problem, caught.value.where) == ("unknown-dataset", name)


def test_a_summary_counts_each_class_in_each_split(tmp_path: Path, image_folder: MakeFolder) -> None:
    image_folder({"cat": 10, "dog": 20})
    facts = summary(load_dataset(spec(), [tmp_path]))
    assert facts["classes"] == ["cat", "dog"]
    assert facts["image"] == {"channels": 3, "height": 8, "width": 10}
    assert facts["splits"]["train"] == {"samples": 20, "by_class": [6, 14], "streamed": False}
    assert facts["splits"]["validation"]["by_class"] == facts["splits"]["test"]["by_class"] == [2, 3]


def test_an_uploaded_folder_is_the_folder_itself(tmp_path: Path, image_folder: MakeFolder) -> None:
    """Results on the one are reused for the other."""
    packed = pack_folder(image_folder({"cat": 10, "dog": 12}), tmp_path / "packed.zip")
    asked: list[str] = []

    def find(dataset_id: str) -> Path:
        asked.append(dataset_id)
        return packed

    uploaded = load_dataset(spec("dataset-0123456789ab"), [], tmp_path / "cache", around=Around(find))
    assert asked == ["dataset-0123456789ab"]
    folder = load_dataset(spec(), [tmp_path])
    assert uploaded.fingerprint == folder.fingerprint
    assert_same_batches(uploaded, folder)


def test_without_a_service_an_upload_is_unknown() -> None:
    with pytest.raises(UnknownUploadError, match="--data"):
        load_dataset(spec("dataset-0123456789ab"), [])
