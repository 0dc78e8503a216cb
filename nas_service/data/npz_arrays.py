"""Read the arrays of an .npz file in bounded pieces, without pickle and without trusting the sizes it claims."""

import math
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy

from nas_service.domain.errors import DatasetError

HEADER_READERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
CORRUPT = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, RuntimeError)
"""What zipfile and numpy raise for damaged, encrypted or unknown content."""


@dataclass(frozen=True)
class StoredArray:
    """One array of the file: known by its header, read on request."""

    path: Path
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype

    def read(self) -> np.ndarray:
        """The whole array."""
        return next(self.chunks(max(1, self.shape[0])), np.empty(self.shape, self.dtype))

    def chunks(self, length: int) -> Iterator[np.ndarray]:
        """The array in order, `length` rows at a time."""
        with (
            _corrupt_is_named(self.path, self.name),
            zipfile.ZipFile(self.path) as archive,
            archive.open(f"{self.name}.npy") as file,
        ):
            _read_header(file)
            for start in range(0, self.shape[0], length):
                shape = (min(length, self.shape[0] - start), *self.shape[1:])
                data = file.read(math.prod(shape) * self.dtype.itemsize)
                yield np.frombuffer(data, self.dtype).reshape(shape)


def list_arrays(path: Path) -> dict[str, StoredArray]:
    """Name to array. Raises DatasetError: `not-npz`, `npz-corrupt`, `npz-object-array`, `npz-fortran-order`."""
    if not path.is_file() or not zipfile.is_zipfile(path):
        raise DatasetError("not-npz", f"{path.name} is no .npz file; save it with np.savez_compressed", path.name)
    arrays = {}
    with _corrupt_is_named(path, path.name), zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            name = member.filename.removesuffix(".npy")
            with _corrupt_is_named(path, name), archive.open(member) as file:
                shape, dtype = _checked_header(file, name)
                claimed = file.tell() + math.prod(shape) * dtype.itemsize
            if claimed != member.file_size:
                raise DatasetError("npz-corrupt", f"{name} claims {claimed} bytes, holds {member.file_size}", name)
            arrays[name] = StoredArray(path, name, shape, dtype)
    return arrays


def _read_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = npy.read_magic(file)
    if version not in HEADER_READERS:
        raise ValueError(f"npy version {version} is not supported")
    return HEADER_READERS[version](file)


def _checked_header(file: IO[bytes], name: str) -> tuple[tuple[int, ...], np.dtype]:
    shape, is_fortran, dtype = _read_header(file)
    if dtype.hasobject:
        detail = f"{name} holds Python objects, which are never loaded; save one array of numbers"
        raise DatasetError("npz-object-array", detail, name)
    if is_fortran and len(shape) > 1:
        raise DatasetError("npz-fortran-order", f"{name} is in Fortran order; save np.ascontiguousarray({name})", name)
    return shape, dtype


@contextmanager
def _corrupt_is_named(path: Path, where: str) -> Iterator[None]:
    try:
        yield
    except CORRUPT as error:
        detail = f"{path.name} cannot be read at {where} ({error}); save it again"
        raise DatasetError("npz-corrupt", detail, where) from error
