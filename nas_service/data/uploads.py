"""Open an uploaded file: an npz where it holds nothing but arrays, else a zip of class folders."""

import zipfile
from pathlib import Path

from nas_service.data.archive import open_archive
from nas_service.data.encoded import encoded_source
from nas_service.data.npz import npz_source
from nas_service.data.source import Source
from nas_service.data.zipped import zipped_images


def open_upload(path: Path, image_size: int | None) -> Source:
    """Read it where it is: nothing is unpacked. Raises DatasetError as inspection does."""
    archive = open_archive(path)
    if holds_arrays(archive):
        archive.close()
        return npz_source(path, image_size)
    # The source's chunks read from the archive, which closes itself with the last of them.
    return encoded_source(zipped_images(archive), image_size)


def holds_arrays(archive: zipfile.ZipFile) -> bool:
    """Whether all files are arrays."""
    names = [name for name in archive.namelist() if not name.endswith("/")]
    return bool(names) and all(name.endswith(".npy") for name in names)
