"""Open a zip from outside: its names, kinds and sizes are judged by its directory, before a byte is unpacked.

Nothing is ever extracted: members are read one by one, each no further than the size it states.
"""

import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from nas_service.domain.errors import DatasetError

MAX_MEMBERS = 500_000
MAX_RATIO = 100
"""Unpacked to packed size of the whole; photos reach 1, arrays of few grey levels about 10."""
SMALL_BYTES = 256 * 2**20
"""Unpacked sizes up to this are harmless, whatever the ratio."""
MAX_FILE_BYTES = 64 * 2**20
"""One encoded image; it is held in memory as a whole."""
READABLE = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
ENCRYPTED = 0x1 | 0x40
"""Flag bits of plain and strong encryption (APPNOTE 4.4.4)."""
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError)
"""What zipfile raises for content that is not what the directory says."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file in a zip, read on request."""

    archive: zipfile.ZipFile
    info: zipfile.ZipInfo

    def read_bytes(self) -> bytes:
        """The whole content. Raises ValueError where it is too large, damaged, or longer than it says."""
        if self.info.file_size > MAX_FILE_BYTES:
            raise ValueError(f"{self.info.file_size:,} bytes; an image file may have {MAX_FILE_BYTES:,}")
        try:
            with self.archive.open(self.info) as file:
                return file.read(self.info.file_size + 1)
        except DAMAGED as error:
            raise ValueError(f"damaged in the zip: {error}") from error


def refuse_other_files(path: Path) -> None:
    """A look at the end of the file only. Raises DatasetError `not-a-zip`."""
    if not zipfile.is_zipfile(path):
        raise DatasetError("not-a-zip", "this is no zip and no .npz file; send one of the two")


def open_archive(path: Path) -> zipfile.ZipFile:
    """The zip at `path`, every member judged.

    Raises DatasetError: `not-a-zip`, `damaged-zip`, `too-many-files`, `zip-bomb`, `unsafe-name`,
    `not-a-regular-file`, `encrypted-file`, `unsupported-compression`, `duplicate-name`.
    """
    refuse_other_files(path)
    try:
        archive = zipfile.ZipFile(path)
    except DAMAGED as error:
        raise DatasetError("damaged-zip", f"the zip's directory cannot be read ({error}); pack it again") from error
    members = archive.infolist()
    _check_sizes(members, path.stat().st_size)
    for member in members:
        _check_name(member.orig_filename)
        _check_kind(member)
    _check_spellings(member.filename for member in members)
    return archive


def _check_sizes(members: Sequence[zipfile.ZipInfo], packed_bytes: int) -> None:
    if len(members) > MAX_MEMBERS:
        detail = f"the zip lists {len(members):,} files; at most {MAX_MEMBERS:,} are read: use an .npz or split the set"
        raise DatasetError("too-many-files", detail)
    unpacked_bytes = sum(member.file_size for member in members)
    allowed_bytes = max(SMALL_BYTES, MAX_RATIO * packed_bytes)
    if unpacked_bytes > allowed_bytes:
        largest = max(members, key=lambda member: member.file_size)
        detail = (
            f"{packed_bytes:,} bytes would unpack to {unpacked_bytes:,}, at most {allowed_bytes:,} are accepted;"
            f" the largest is {largest.filename} ({largest.file_size:,}): remove it, or pack with less compression"
        )
        raise DatasetError("zip-bomb", detail, largest.filename)
    if sum(member.compress_size for member in members) > packed_bytes:
        detail = "the zip's files are longer than the zip, so they overlap each other; pack it again"
        raise DatasetError("zip-bomb", detail)


def _check_name(name: str) -> None:
    parts = name.removesuffix("/").split("/")
    why = ""
    if any(ord(letter) < 32 or ord(letter) == 127 or "\ud800" <= letter <= "\udfff" for letter in name):
        why = "holds control characters"
    elif "\\" in name or (len(name) > 1 and name[1] == ":") or name.startswith("/"):
        why = "is no relative path with plain slashes"
    elif not {"", ".", ".."}.isdisjoint(parts):
        why = "leads through `.`, `..` or a nameless folder"
    if why:
        detail = f"the name {name!r} {why}; pack the folder again, from inside it"
        raise DatasetError("unsafe-name", detail, name)


def _check_kind(member: zipfile.ZipInfo) -> None:
    name, kind = member.filename, stat.S_IFMT(member.external_attr >> 16)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        what = "a link" if stat.S_ISLNK(kind) else "a device, pipe or socket"
        raise DatasetError("not-a-regular-file", f"{name} is {what}; pack the files themselves", name)
    if member.flag_bits & ENCRYPTED:
        raise DatasetError("encrypted-file", f"{name} is encrypted; pack it again without a password", name)
    if member.compress_type not in READABLE:
        detail = f"{name} is compressed by method {member.compress_type}; use `deflate` (the usual one) or none"
        raise DatasetError("unsupported-compression", detail, name)


def _check_spellings(names: Iterable[str]) -> None:
    """No two files of one name, and no folder or file in two spellings that some systems take for one."""
    files: set[str] = set()
    spellings: dict[str, str] = {}
    for name in names:
        if name in files:
            raise DatasetError("duplicate-name", f"the zip holds {name} twice; keep one", name)
        files.add(name)
        path = PurePosixPath(name)
        for place in (path, *path.parents):
            spelled = str(place)
            known = spellings.setdefault(unicodedata.normalize("NFC", spelled).casefold(), spelled)
            if known != spelled:
                detail = f"{known} and {spelled} differ only in spelling, which some systems ignore; rename one"
                raise DatasetError("duplicate-name", detail, spelled)
