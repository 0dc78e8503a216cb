"""`hf:NAME`: a data set of the Hugging Face hub, or a local folder of parquet files or images below a data root."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nas_service.data.encoded import EncodedImages, encoded_source
from nas_service.data.source import Part, Source
from nas_service.data_paths import is_below, resolve_below, walk_files
from nas_service.domain.errors import DatasetError
from workers.data.sources.hf_columns import ImageColumn, find_image_column, find_label_column, read_labels

if TYPE_CHECKING:
    from datasets import Dataset, DatasetBuilder

PART_NAMES = {
    "train": Part.TRAIN,
    "validation": Part.VALIDATION,
    "valid": Part.VALIDATION,
    "val": Part.VALIDATION,
    "dev": Part.VALIDATION,
    "test": Part.TEST,
}
LOCAL_BUILDERS = frozenset({"imagefolder", "parquet"})
"""What may read local files; other readers of the library take formats that were never looked at for safety."""
HUB_NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?")


def open_hf(name: str, roots: Sequence[Path], image_size: int | None, cache_dir: Path | None) -> Source:
    """Find the image and label columns; the set's own splits are kept, others than PART_NAMES passed over.

    Raises DatasetError: those of `resolve_below` and `encoded_source`, `missing-package`, `hf-load-failed`,
    `unsupported-format`, `no-train-split`, `no-image-column`, `no-label-column`, `missing-labels`.
    """
    try:
        import datasets
    except ImportError as error:
        mend = 'install it: pip install "nas-service[hf]"'
        raise DatasetError("missing-package", f"hf: needs the package `datasets`; {mend}", "hf") from error
    hf_cache = str(cache_dir / "huggingface") if cache_dir else None
    folder = _local_folder(name, roots)
    datasets.disable_progress_bars()
    try:
        builder = datasets.load_dataset_builder(str(folder or name), cache_dir=hf_cache)
        if folder:
            _refuse_unsafe(builder, folder, roots)
        builder.download_and_prepare()
        splits = builder.as_dataset()
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        raise DatasetError("hf-load-failed", f"{name} cannot be loaded: {error}", name) from error
    image_roots = list(roots) if folder else [Path(datasets.config.HF_CACHE_HOME), Path(builder.cache_dir)]
    return _to_source(_by_part(splits, name), image_roots, image_size)


def _local_folder(name: str, roots: Sequence[Path]) -> Path | None:
    """The folder below a root, or None for a name of the hub."""
    try:
        folder = resolve_below(name, roots)
    except DatasetError:
        # the library prefers a folder of the working directory to the hub, so that one must not exist either
        if HUB_NAME.fullmatch(name) and not Path(name).exists():
            return None
        raise
    for _ in walk_files(folder, roots):
        pass  # every link below the folder is checked on the way
    return folder


def _refuse_unsafe(builder: "DatasetBuilder", folder: Path, roots: Sequence[Path]) -> None:
    if builder.name not in LOCAL_BUILDERS:
        detail = f"{folder.name} holds {builder.name} files; local folders may hold parquet files or images"
        raise DatasetError("unsupported-format", detail, folder.name)
    for files in (builder.config.data_files or {}).values():
        for file in files:
            if not is_below(Path(file), roots):
                detail = f"{folder.name} refers to {file}, outside the data roots; remove the reference"
                raise DatasetError("path-outside-roots", detail, str(file))


def _by_part(splits: "dict[str, Dataset]", name: str) -> "dict[Part, Dataset]":
    if len(splits) == 1:
        return {Part.TRAIN: next(iter(splits.values()))}
    parts = {PART_NAMES[split]: data for split, data in splits.items() if split in PART_NAMES}
    if Part.TRAIN not in parts:
        held = ", ".join(splits)
        raise DatasetError("no-train-split", f"{name} has the splits {held}; one must be named train", name)
    return dict(sorted(parts.items()))


def _to_source(parts: "dict[Part, Dataset]", image_roots: list[Path], image_size: int | None) -> Source:
    from datasets import Image, concatenate_datasets

    lengths = [len(data) for data in parts.values()]
    whole = concatenate_datasets(list(parts.values()))
    image_column, label_column = find_image_column(whole.features), find_label_column(whole.features)
    labels, classes = read_labels(whole, label_column)
    encoded = whole.select_columns([image_column]).cast_column(image_column, Image(decode=False))
    images = EncodedImages(
        items=ImageColumn(encoded, image_column, image_roots),
        names=[
            f"{part.name.lower()}[{row}]" for part, length in zip(parts, lengths, strict=True) for row in range(length)
        ],
        labels=labels,
        parts=np.repeat(np.array(list(parts), np.int8), lengths),
        classes=classes,
    )
    return encoded_source(images, image_size)
