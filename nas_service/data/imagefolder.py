"""`imagefolder:PATH`: class folders below a data root."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from nas_service.data.class_folders import Tree, labelled_images
from nas_service.data.encoded import encoded_source
from nas_service.data.source import Source
from nas_service.data_paths import resolve_below, visible, walk_files
from nas_service.domain.errors import DatasetError


def open_imagefolder(name: str, roots: Sequence[Path], image_size: int | None) -> Source:
    """Classes and samples in the order of their names, whatever order the file system gives.

    Raises DatasetError: those of `resolve_below`, `walk_files`, `labelled_images` and `encoded_source`,
    `not-a-folder`.
    """
    folder = resolve_below(name, roots)
    if not folder.is_dir():
        raise DatasetError("not-a-folder", f"{name} is a file; give the folder that holds the class folders", name)
    files = {path.relative_to(folder).as_posix(): path for path in walk_files(folder, roots)}
    folders = frozenset(path.relative_to(folder).as_posix() for path in _two_levels(folder))
    return encoded_source(labelled_images(Tree(folder.name, folders, files)), image_size)


def _two_levels(folder: Path) -> Iterator[Path]:
    """Where classes can be; a class without a file is known only by its folder."""
    for entry in visible(folder):
        if entry.is_dir():
            yield entry
            yield from (inner for inner in visible(entry) if inner.is_dir())
