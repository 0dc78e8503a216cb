"""Folders as zips, equal folders as equal bytes."""

import zipfile
from pathlib import Path

from nas_service.client.effects import BLOCK_BYTES

FIRST_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


def pack_folder(folder: Path, to: Path) -> Path:
    """Pack all files that are not hidden, such that equal folders give equal bytes wherever they are packed.

    Names are sorted, dates left out, and nothing is compressed: compressors differ, and images are compressed already.
    """
    files = sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file())
    with zipfile.ZipFile(to, "w", zipfile.ZIP_STORED) as archive:
        for name, path in files:
            if any(part.startswith(".") for part in name.split("/")):
                continue
            info = zipfile.ZipInfo(name, FIRST_ZIP_DATE)
            info.create_system, info.external_attr = 3, 0o100644 << 16
            info.file_size = path.stat().st_size
            with path.open("rb") as source, archive.open(info, "w") as packed:
                while block := source.read(BLOCK_BYTES):
                    packed.write(block)
    return to
