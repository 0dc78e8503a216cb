"""Zips of class folders with real images, good ones and such as nobody packs by accident."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image


def png(seed: int = 0, size: tuple[int, int] = (8, 8), mode: str = "RGB") -> bytes:
    """An image of noise, `size` (width, height)."""
    shape = (size[1], size[0], 3) if mode == "RGB" else (size[1], size[0])
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def class_folders(counts: Mapping[str, int], size: tuple[int, int] = (8, 8), top: str = "") -> dict[str, bytes]:
    """File names with `/` to content: class name to number of images."""
    return {
        f"{top}{class_name}/{number}.png": png(1000 * position + number, size)
        for position, (class_name, count) in enumerate(counts.items())
        for number in range(count)
    }


def zipped(files: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of these files, in this order."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def write_zip(path: Path, files: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    """The same as a file."""
    path.write_bytes(zipped(files, compression))
    return path
