"""Read a search from a zip of whatever origin: judged by its directory, held against its manifest, never unpacked.

Members are read in blocks and lines of bounded length; each line is parsed as JSON and validated as the value that it
should be. What is wrong is told with the part's name.
"""

import hashlib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from nas_service.data.archive import DAMAGED, open_archive
from nas_service.domain.exchange import FILES, FORMAT, MANIFEST, ROWS, Manifest
from nas_service.use_cases.arrival import refused

BLOCK_BYTES = 2**20
MOST_MANIFEST_BYTES = 16 * 2**20
MOST_LINE_BYTES = 32 * 2**20
"""One row; the largest are measurements with their samples."""
_ADAPTERS: dict[str, TypeAdapter[Any]] = {name: TypeAdapter(kind) for name, kind in ROWS.items()}


class ReadSearch:
    """An opened file whose parts are all as its manifest says."""

    def __init__(self, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self._archive, self._manifest = archive, manifest

    @property
    def file_bytes(self) -> int:
        """Size of all artifacts in it."""
        return sum(part.size_bytes for name, part in self._manifest.parts.items() if name.startswith(FILES))

    @property
    def sha256s(self) -> frozenset[str]:
        """Of the artifacts in it."""
        return frozenset(name.removeprefix(FILES) for name in self._manifest.parts if name.startswith(FILES))

    def rows(self, name: str) -> Iterator[Any]:
        """The values of one part. Raises SpecError with part and line."""
        with _readable(name), self._archive.open(name) as lines:
            number = 0
            while line := lines.readline(MOST_LINE_BYTES):
                number += 1
                yield _row(name, number, line)

    def copy(self, sha256: str, to: Path) -> Path:
        """An artifact at `to`, which is a path of the caller's choice."""
        with _readable(FILES + sha256), self._archive.open(FILES + sha256) as member, to.open("wb") as file:
            while block := member.read(BLOCK_BYTES):
                file.write(block)
        return to


@contextmanager
def read_search(path: Path) -> Iterator[ReadSearch]:
    """The file at `path`, verified. Raises SpecError, and DatasetError for a zip that is unsafe to read."""
    if not zipfile.is_zipfile(path):
        raise refused("file", "this is no exported search; `nas export` writes one")
    with open_archive(path) as archive:
        manifest = _manifest(archive)
        _check_names(archive, manifest)
        for name in manifest.parts:
            _check_part(archive, manifest, name)
        yield ReadSearch(archive, manifest)


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    if MANIFEST not in archive.namelist():
        raise refused(MANIFEST, "it is missing, so this is no exported search; `nas export` writes one")
    with _readable(MANIFEST), archive.open(MANIFEST) as member:
        content = member.read(MOST_MANIFEST_BYTES)
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        raise refused(MANIFEST, _first(error)) from error
    if manifest.format != FORMAT:
        message = f"format {manifest.format} was written by version {manifest.service}; this one reads {FORMAT}: update"
        raise refused(MANIFEST, message)
    return manifest


def _check_names(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    present = set(archive.namelist()) - {MANIFEST}
    for name in sorted(ROWS.keys() | manifest.parts.keys()):
        if name not in present:
            raise refused(name, "it is missing; export the search again")
    for name in sorted(present | manifest.parts.keys()):
        part = manifest.parts.get(name)
        if part is None or (name not in ROWS and name != FILES + part.sha256):
            raise refused(name, "it is no part that the manifest names; export the search again")


def _check_part(archive: zipfile.ZipFile, manifest: Manifest, name: str) -> None:
    digest = hashlib.sha256()
    with _readable(name), archive.open(name) as member:
        while block := member.read(BLOCK_BYTES):
            digest.update(block)
    if digest.hexdigest() != manifest.parts[name].sha256 or archive.getinfo(name).file_size != (
        manifest.parts[name].size_bytes
    ):
        raise refused(name, "its content is not what the manifest says; export the search again")


def _row(name: str, number: int, line: bytes) -> Any:
    where = f"{name}:{number}"
    try:
        return _ADAPTERS[name].validate_python(from_json(line, allow_inf_nan=False))
    except ValidationError as error:
        raise refused(where, _first(error)) from error
    except ValueError as error:
        raise refused(where, f"it is no line of JSON: {error}") from error


def _first(error: ValidationError) -> str:
    found = error.errors()[0]
    return f"{'.'.join(map(str, found['loc']))}: {found['msg']}"


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except DAMAGED as error:
        raise refused(name, f"it is damaged in the zip: {error}") from error
