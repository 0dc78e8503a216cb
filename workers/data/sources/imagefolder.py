"""`imagefolder:PATH`: one folder of images a class, in PATH or in PATH/train, PATH/val and PATH/test."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nas_service.data_paths import resolve_below, visible, walk_files
from nas_service.domain.errors import DatasetError
from workers.data.encoded import EncodedImages, encoded_source
from workers.data.source import Part, Source

PART_FOLDERS = {
    "train": Part.TRAIN,
    "val": Part.VALIDATION,
    "valid": Part.VALIDATION,
    "validation": Part.VALIDATION,
    "test": Part.TEST,
}
SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
"""Files with other endings are not images, and are passed over."""


def open_imagefolder(name: str, roots: Sequence[Path], image_size: int | None) -> Source:
    """Classes and samples in the order of their names, whatever order the file system gives.

    Raises DatasetError: those of `resolve_below` and `encoded_source`, `no-class-folders`, `empty-class`,
    `unknown-class`.
    """
    folder = resolve_below(name, roots)
    if not folder.is_dir():
        raise DatasetError("not-a-folder", f"{name} is a file; give the folder that holds the class folders", name)
    parts = _part_folders(folder)
    classes = _class_names(parts[Part.TRAIN])
    samples = []
    for part, part_folder in sorted(parts.items()):
        _refuse_unknown_classes(part_folder, classes)
        for label, class_name in enumerate(classes):
            found = _images(part_folder / class_name, roots)
            if not found and part is Part.TRAIN:
                raise _empty_class(part_folder / class_name, folder)
            samples += [(path, label, part) for path in found]
    images = EncodedImages(
        items=[path for path, _, _ in samples],
        names=[path.relative_to(folder).as_posix() for path, _, _ in samples],
        labels=np.array([label for _, label, _ in samples], np.int64),
        parts=np.array([part for _, _, part in samples], np.int8),
        classes=classes,
    )
    return encoded_source(images, image_size)


def _part_folders(folder: Path) -> dict[Part, Path]:
    names = {entry.name for entry in visible(folder) if entry.is_dir()}
    if "train" not in names or not names <= PART_FOLDERS.keys():
        return {Part.TRAIN: folder}
    parts: dict[Part, Path] = {}
    for name in sorted(names):
        if PART_FOLDERS[name] in parts:
            twin = parts[PART_FOLDERS[name]].name
            raise DatasetError("two-validation-folders", f"both {twin} and {name} exist; keep one", name)
        parts[PART_FOLDERS[name]] = folder / name
    return parts


def _class_names(folder: Path) -> tuple[str, ...]:
    classes = tuple(sorted(entry.name for entry in visible(folder) if entry.is_dir()))
    if not classes:
        raise DatasetError(
            "no-class-folders",
            f"{folder.name} holds no folders; put the images of each class into a folder named after it",
            folder.name,
        )
    return classes


def _images(folder: Path, roots: Sequence[Path]) -> list[Path]:
    if not folder.is_dir():
        return []
    files = [path for path in walk_files(folder, roots) if path.suffix.lower() in SUFFIXES]
    return sorted(files, key=lambda path: path.relative_to(folder).as_posix())


def _refuse_unknown_classes(folder: Path, classes: tuple[str, ...]) -> None:
    unknown = sorted({entry.name for entry in visible(folder) if entry.is_dir()} - set(classes))
    if unknown:
        where = f"{folder.name}/{unknown[0]}"
        raise DatasetError("unknown-class", f"{where} has no counterpart in train; add or remove it", where)


def _empty_class(class_folder: Path, folder: Path) -> DatasetError:
    where = class_folder.relative_to(folder).as_posix()
    endings = ", ".join(sorted(SUFFIXES))
    return DatasetError("empty-class", f"{where} holds no image ({endings}); add some or remove it", where)
