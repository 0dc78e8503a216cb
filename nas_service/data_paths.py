"""Keep file data sets below the configured roots: no `..`, no absolute path elsewhere, no link that leads out."""

import os
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from nas_service.domain.errors import DatasetError

MAX_DEPTH = 32
"""Folders inside folders; deeper is taken for a loop of links."""


def resolve_below(name: str, roots: Sequence[Path]) -> Path:
    """The existing file or folder `name`, absolute or relative to a root.

    Raises DatasetError: `no-data-roots`, `path-outside-roots`, `not-found`.
    """
    if not roots:
        raise DatasetError(
            "no-data-roots", "file data sets need at least one configured data root; set NAS_DATA_ROOTS", name
        )
    if not name or "\0" in name:
        raise DatasetError("not-found", "give the path of the data set after the colon", name)
    try:
        asked = Path(name).expanduser()
    except RuntimeError as error:  # `~somebody`, whom this host does not know
        raise DatasetError("not-found", f"{name} does not exist; write the path out", name) from error
    places = [(_real(root / asked), root) for root in roots]
    inside = [path for path, root in places if is_below(path, [root])]
    if not inside:
        raise _outside(name)
    for path in inside:
        if path.exists():
            return path
    raise DatasetError("not-found", f"{name} does not exist below the data roots{_nearest(inside[0])}", name)


def is_below(path: Path, roots: Sequence[Path]) -> bool:
    """Whether `path`, links followed, is one of the roots or lies below one."""
    return any(_real(path).is_relative_to(_real(root)) for root in roots)


def walk_files(folder: Path, roots: Sequence[Path], depth: int = 0) -> Iterator[Path]:
    """All files below `folder`, hidden ones left out; links are followed only while they stay below the roots."""
    if depth > MAX_DEPTH:
        raise DatasetError(
            "folders-too-deep", f"more than {MAX_DEPTH} folders deep: remove the loop of links", str(folder)
        )
    for entry in sorted(visible(folder)):
        if entry.is_symlink() and not is_below(entry, roots):
            raise _outside(str(entry))
        if entry.is_dir():
            yield from walk_files(entry, roots, depth + 1)
        elif entry.is_file():
            yield entry


def visible(folder: Path) -> Iterator[Path]:
    """The entries of `folder` whose names do not begin with a dot."""
    return (entry for entry in folder.iterdir() if not entry.name.startswith("."))


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # unlike Path.resolve it survives a link to itself


def _outside(name: str) -> DatasetError:
    return DatasetError("path-outside-roots", f"{name} leads outside the data roots; move the files below a root", name)


def _nearest(path: Path) -> str:
    if not path.parent.is_dir():
        return ""
    near = get_close_matches(path.name, [entry.name for entry in visible(path.parent)], n=1)
    return f"; did you mean {near[0]}?" if near else ""
