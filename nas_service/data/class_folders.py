"""The rules of class folders, wherever they lie: one folder of images a class, at the top or in train, val and test."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nas_service.data.encoded import Encoded, EncodedImages
from nas_service.data.source import Part
from nas_service.domain.errors import DatasetError

PART_FOLDERS = {
    "train": Part.TRAIN,
    "val": Part.VALIDATION,
    "valid": Part.VALIDATION,
    "validation": Part.VALIDATION,
    "test": Part.TEST,
}
SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
"""Files with other endings are not images, and are passed over."""


@dataclass(frozen=True, eq=False)
class Tree:
    """What lies below a folder, by relative names with `/`. Hidden entries are left out."""

    name: str
    """What to call the folder in errors."""
    folders: frozenset[str]
    files: Mapping[str, Encoded]


def labelled_images(tree: Tree) -> EncodedImages:
    """Classes and samples in the order of their names.

    Raises DatasetError: `no-class-folders`, `two-validation-folders`, `empty-class`, `unknown-class`.
    """
    parts = _parts(tree)
    classes = _class_names(tree, parts[Part.TRAIN])
    groups = _grouped(tree, parts)
    samples = []
    for part, top in sorted(parts.items()):
        _refuse_unknown_classes(tree, top, classes)
        for label, class_name in enumerate(classes):
            found = groups.get(top + class_name, [])
            if not found and part is Part.TRAIN:
                raise _empty_class(top + class_name)
            samples += [(name, label, part) for name in sorted(found)]
    return EncodedImages(
        items=[tree.files[name] for name, _, _ in samples],
        names=[name for name, _, _ in samples],
        labels=np.array([label for _, label, _ in samples], np.int64),
        parts=np.array([part for _, _, part in samples], np.int8),
        classes=classes,
    )


def _parts(tree: Tree) -> dict[Part, str]:
    """What the names of a part's classes begin with: `train/`, or nothing where the set has no parts of its own."""
    names = _below(tree, "")
    if "train" not in names or not set(names) <= PART_FOLDERS.keys():
        return {Part.TRAIN: ""}
    parts: dict[Part, str] = {}
    for name in names:
        if PART_FOLDERS[name] in parts:
            twin = parts[PART_FOLDERS[name]].removesuffix("/")
            raise DatasetError("two-validation-folders", f"both {twin} and {name} exist; keep one", name)
        parts[PART_FOLDERS[name]] = f"{name}/"
    return parts


def _below(tree: Tree, top: str) -> tuple[str, ...]:
    """Names of the folders directly below `top`, in order."""
    inner = (name.removeprefix(top) for name in tree.folders if name.startswith(top))
    return tuple(sorted(name for name in inner if name and "/" not in name))


def _class_names(tree: Tree, top: str) -> tuple[str, ...]:
    classes = _below(tree, top)
    if not classes:
        where = top.removesuffix("/") or tree.name
        detail = f"{where} holds no folders; put the images of each class into a folder named after it"
        raise DatasetError("no-class-folders", detail, where)
    return classes


def _grouped(tree: Tree, parts: Mapping[Part, str]) -> dict[str, list[str]]:
    """Names of the images in each class folder, at whatever depth."""
    groups: dict[str, list[str]] = {}
    depth = next(iter(parts.values())).count("/") + 1
    for name in tree.files:
        folders = name.split("/", depth)[:depth]
        if name.lower().endswith(SUFFIXES):
            groups.setdefault("/".join(folders), []).append(name)
    return groups


def _refuse_unknown_classes(tree: Tree, top: str, classes: tuple[str, ...]) -> None:
    unknown = sorted(set(_below(tree, top)) - set(classes))
    if unknown:
        where = top + unknown[0]
        raise DatasetError("unknown-class", f"{where} has no counterpart in train; add or remove it", where)


def _empty_class(where: str) -> DatasetError:
    detail = f"{where} holds no image ({', '.join(SUFFIXES)}); add some or remove it"
    return DatasetError("empty-class", detail, where)
