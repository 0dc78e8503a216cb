"""Write a search as one zip: a line of JSON a row, the artifacts as they are, and the manifest last.

The same search gives the same bytes, so that a download that broke off can go on, and its checksum be compared.
"""

import hashlib
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from nas_service.domain.exchange import FILES, FORMAT, MANIFEST, ROWS, Manifest, Part
from nas_service.use_cases.exporting import Leaving, exportable
from nas_service.use_cases.ports import Store

FIRST_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
BLOCK_BYTES = 2**20

OpenPath = Callable[[str], Path]
"""Where the content with this sha256 can be read."""


def write_rows(to: zipfile.ZipFile, name: str, rows: Iterable[Any]) -> Part:
    """Add one part of `ROWS`, row by row."""
    adapter: TypeAdapter[Any] = TypeAdapter(ROWS[name])
    return _write(to, name, (adapter.dump_json(row) + b"\n" for row in rows), zipfile.ZIP_DEFLATED)


def write_search(store: Store, search_id: str, path: Path, open_path: OpenPath, *, with_files: bool) -> None:
    """Write a search that is over to `path`: its rows, from one snapshot of the database, then its files.

    Files take as long as they are large: no transaction waits for them. Raises NotFoundError and ConflictError.
    """
    with writing(path) as writer:
        with store.read() as uow:
            leaving = Leaving(uow, exportable(uow, search_id), with_files)
            writer.add_rows(leaving.rows())
        writer.add_files(leaving.sha256s, open_path)


@dataclass(frozen=True, slots=True)
class SearchWriter:
    """What is written so far."""

    archive: zipfile.ZipFile
    parts: dict[str, Part] = field(default_factory=dict)

    def add_rows(self, rows: Iterable[tuple[str, Iterable[Any]]]) -> None:
        """Parts of `ROWS`, by name."""
        for name, part in rows:
            self.parts[name] = write_rows(self.archive, name, part)

    def add_files(self, sha256s: Set[str], open_path: OpenPath) -> None:
        """The artifacts with these contents."""
        for sha256 in sorted(sha256s):
            name = FILES + sha256
            self.parts[name] = _write(self.archive, name, _blocks(open_path(sha256)), zipfile.ZIP_STORED)


@contextmanager
def writing(path: Path) -> Iterator[SearchWriter]:
    """A file at `path` that is whole once the block has ended: the manifest is written last."""
    with zipfile.ZipFile(path, "w") as archive:
        writer = SearchWriter(archive)
        yield writer
        _write(archive, MANIFEST, [_manifest(writer.parts)], zipfile.ZIP_DEFLATED)


def _manifest(parts: Mapping[str, Part]) -> bytes:
    manifest = Manifest(format=FORMAT, service=version("nas-service"), parts=dict(parts))
    return manifest.model_dump_json(indent=1).encode()


def _write(to: zipfile.ZipFile, name: str, blocks: Iterable[bytes], compression: int) -> Part:
    info = zipfile.ZipInfo(name, FIRST_ZIP_DATE)
    info.create_system, info.external_attr, info.compress_type = 3, 0o100644 << 16, compression
    digest, size_bytes = hashlib.sha256(), 0
    with to.open(info, "w", force_zip64=True) as member:
        for block in blocks:
            digest.update(block)
            size_bytes += len(block)
            member.write(block)
    return Part(sha256=digest.hexdigest(), size_bytes=size_bytes)


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            yield block
