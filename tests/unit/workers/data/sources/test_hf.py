"""The `datasets` library on local files: columns, splits and what is refused."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import datasets
import numpy as np
import pyarrow.parquet
import pytest
from PIL import Image

from nas_service.data.source import Part, Source
from nas_service.domain.errors import DatasetError
from workers.data.sources.hf import open_hf

MakeFolder = Callable[..., Path]
PIXELS = np.random.default_rng(0).integers(0, 256, (6, 8, 10, 3), dtype=np.uint8)
CLASS_LABEL = datasets.ClassLabel(names=["ant", "bee", "cow"])


def write_parquet(folder: Path, split: str = "train", image: str = "img", **columns: tuple[list, object]) -> None:
    """Images 0..n-1 of PIXELS, and columns given as (values, feature)."""
    folder.mkdir(exist_ok=True)
    count = len(next(iter(columns.values()))[0])
    data = {image: [Image.fromarray(pixels) for pixels in PIXELS[:count]]}
    data |= {name: values for name, (values, _) in columns.items()}
    features = {image: datasets.Image()} | {name: feature for name, (_, feature) in columns.items()}
    table = datasets.Dataset.from_dict(data, features=datasets.Features(features))
    table.to_parquet(folder / f"{split}-00000-of-00001.parquet")


def opened(root: Path, name: str = "set") -> Source:
    return open_hf(name, [root / "data"], None, root / "cache")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data" / "set"


def test_parquet_images_and_class_names_are_found(tmp_path: Path, folder: Path) -> None:
    write_parquet(folder, fine_label=([0, 1, 2, 0, 1, 2], CLASS_LABEL), size=([8] * 6, datasets.Value("int64")))
    source = opened(tmp_path)
    assert source.classes == ("ant", "bee", "cow")
    assert source.labels.tolist() == [0, 1, 2, 0, 1, 2]
    assert np.array_equal(np.concatenate(list(source.chunks())), PIXELS)


@pytest.mark.parametrize(
    ("values", "kind", "classes"),
    [([1, 0, 1], "int32", ("0", "1")), (["dog", "cat", "dog"], "string", ("cat", "dog"))],
)
def test_plain_labels_become_classes(
    tmp_path: Path, folder: Path, values: list, kind: str, classes: tuple[str, ...]
) -> None:
    write_parquet(folder, label=(values, datasets.Value(kind)))
    source = opened(tmp_path)
    assert source.classes == classes
    assert source.labels.tolist() == [1, 0, 1]


def test_own_splits_are_honoured(tmp_path: Path, folder: Path) -> None:
    for split, labels in (("test", [0, 1]), ("train", [0, 1, 2]), ("validation", [2])):
        write_parquet(folder, split, label=(labels, CLASS_LABEL))
    source = opened(tmp_path)
    assert source.parts.tolist() == [Part.TRAIN] * 3 + [Part.VALIDATION] + [Part.TEST] * 2
    assert source.labels.tolist() == [0, 1, 2, 2, 0, 1]


def test_a_local_image_folder_is_read(tmp_path: Path, folder: Path, image_folder: MakeFolder) -> None:
    shutil.move(image_folder({"train/a": 2, "train/b": 2, "test/a": 1, "test/b": 1}), folder)
    source = opened(tmp_path)
    assert source.classes == ("a", "b")
    assert source.parts.tolist() == [Part.TRAIN] * 4 + [Part.TEST] * 2
    assert sum(len(chunk) for chunk in source.chunks()) == 6


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"caption": (["a", "b"], datasets.Value("string"))}, "no-label-column"),
        ({"label": ([0, 1], CLASS_LABEL), "mask": ([None, None], datasets.Image())}, "no-image-column"),
        ({"label": ([0, None], datasets.Value("int64"))}, "missing-labels"),
        ({"label": ([0.5, 1.5], datasets.Value("float32"))}, "wrong-dtype"),
    ],
)
def test_tables_that_make_no_data_set_are_refused(tmp_path: Path, folder: Path, columns: dict, problem: str) -> None:
    write_parquet(folder, **columns)
    with pytest.raises(DatasetError) as caught:
        opened(tmp_path)
    assert caught.value.problem == problem


def test_images_that_refer_to_files_outside_the_roots_are_refused(
    tmp_path: Path, folder: Path, image_folder: MakeFolder
) -> None:
    secret = image_folder({"a": 1}) / "a" / "0.png"
    folder.mkdir()
    data = {"image": [{"path": str(secret), "bytes": None}], "label": [0]}
    features = datasets.Features({"image": datasets.Image(decode=False), "label": CLASS_LABEL})
    table = datasets.Dataset.from_dict(data, features=features)
    pyarrow.parquet.write_table(table.data.table, folder / "train.parquet")
    with pytest.raises(DatasetError) as caught:
        opened(tmp_path)
    assert caught.value.problem == "path-outside-roots"


def test_a_readme_cannot_point_outside_the_roots(tmp_path: Path, folder: Path) -> None:
    write_parquet(tmp_path / "secret", label=([0, 1], CLASS_LABEL))
    write_parquet(folder, label=([0, 1], CLASS_LABEL))
    elsewhere = tmp_path / "secret" / "*.parquet"
    (folder / "README.md").write_text(f"---\nconfigs:\n- config_name: default\n  data_files: {elsewhere}\n---\n")
    with pytest.raises(DatasetError) as caught:
        opened(tmp_path)
    assert caught.value.problem == "path-outside-roots"


def test_other_local_formats_are_refused(tmp_path: Path, folder: Path) -> None:
    folder.mkdir()
    (folder / "train.csv").write_text("image,label\na.png,0\n")
    with pytest.raises(DatasetError, match="csv") as caught:
        opened(tmp_path)
    assert caught.value.problem == "unsupported-format"


@pytest.mark.parametrize("name", ["../secret", "/etc", "./set", "tests"])
def test_folders_outside_the_roots_are_never_taken_for_hub_names(tmp_path: Path, folder: Path, name: str) -> None:
    with pytest.raises(DatasetError) as caught:
        opened(tmp_path, name)
    assert caught.value.problem in ("path-outside-roots", "not-found")


def test_a_hub_name_that_cannot_be_reached_is_a_named_error(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(DatasetError, match="nobody/nothing") as caught:
        opened(tmp_path, "nobody/nothing")
    assert caught.value.problem == "hf-load-failed"


def test_without_the_library_the_command_to_install_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DatasetError, match="pip install") as caught:
        open_hf("set", [tmp_path], None, None)
    assert caught.value.problem == "missing-package"
