"""Class folders in a zip, read where they are."""

import zipfile
from pathlib import Path, PurePosixPath

from nas_service.data.archive import Member
from nas_service.data.class_folders import PART_FOLDERS, Tree, labelled_images
from nas_service.data.encoded import EncodedImages

MACOS_TWINS = "__MACOSX"
"""Folder in which macOS packs a second file for each, with attributes that nobody else reads."""


def zipped_images(archive: zipfile.ZipFile) -> EncodedImages:
    """The images of an opened and judged archive. Raises DatasetError as `labelled_images` does."""
    infos = {info.filename: info for info in archive.infolist() if not _is_hidden(info.filename)}
    folders = {str(folder) for name in infos for folder in PurePosixPath(name).parents if folder.name}
    folders |= {name.removesuffix("/") for name in infos if name.endswith("/")}
    files = {name: Member(archive, info) for name, info in infos.items() if not name.endswith("/")}
    wrapping = _wrapping(folders, files)
    name = Path(archive.filename or "").name
    return labelled_images(
        Tree(
            name=wrapping.removesuffix("/") or name,
            folders=frozenset(folder.removeprefix(wrapping) for folder in folders if folder.startswith(wrapping)),
            files={name.removeprefix(wrapping): file for name, file in files.items()},
        )
    )


def _is_hidden(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return parts[0] == MACOS_TWINS or any(part.startswith(".") for part in parts)


def _wrapping(folders: set[str], files: dict[str, Member]) -> str:
    """The folder that was packed instead of its content, with its slash; else nothing."""
    tops = {name.partition("/")[0] for name in (*folders, *files)}
    if len(tops) != 1:
        return ""
    (top,) = tops
    holds_folders = any(folder.startswith(f"{top}/") for folder in folders)
    return f"{top}/" if holds_folders and top not in PART_FOLDERS else ""
