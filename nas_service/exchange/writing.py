"""Write a search as one zip: a line of JSON a row, the artifacts as they are, and the manifest last.

The same search gives the same bytes, so that a download that broke off can go on, and its checksum be compared.
"""

import hashlib
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from nas_service.domain.exchange import FILES, FORMAT, MANIFEST, ROWS, Manifest, Part

FIRST_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
BLOCK_BYTES = 2**20


def write_rows(to: zipfile.ZipFile, name: str, rows: Iterable[Any]) -> Part:
    """Add one part of `ROWS`, row by row."""
    adapter: TypeAdapter[Any] = TypeAdapter(ROWS[name])
    return _write(to, name, (adapter.dump_json(row) + b"\n" for row in rows), zipfile.ZIP_DEFLATED)


def write_search(
    path: Path,
    rows: Iterator[tuple[str, Iterable[Any]]],
    sha256s: Set[str],
    open_path: Callable[[str], Path],
) -> None:
    """Write the file at `path`: all parts of `rows`, then the artifacts in `sha256s`, which is full by then."""
    with zipfile.ZipFile(path, "w") as archive:
        parts = {name: write_rows(archive, name, part) for name, part in rows}
        for sha256 in sorted(sha256s):
            name = FILES + sha256
            parts[name] = _write(archive, name, _blocks(open_path(sha256)), zipfile.ZIP_STORED)
        _write(archive, MANIFEST, [_manifest(parts)], zipfile.ZIP_DEFLATED)


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
