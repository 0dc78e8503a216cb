"""Encoded images, in files or as bytes, as a source: looked over once, decoded in threads, broken ones all named."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

import numpy as np
from PIL import UnidentifiedImageError

from nas_service.data.pixels import BROKEN, FORMATS, Header, decode, read_header
from nas_service.data.source import Source, chunk_length
from nas_service.domain.errors import DatasetError

T = TypeVar("T")


class Readable(Protocol):
    """A file on disk, or one in an archive."""

    def read_bytes(self) -> bytes:
        """The whole content. Raises OSError or ValueError where it cannot be read."""


Encoded = bytes | Readable
NAMED_AT_MOST = 5
DECODERS = min(8, os.cpu_count() or 1)
BLOCK = 16
"""Images a thread takes at a time."""


@dataclass(frozen=True, eq=False)
class EncodedImages:
    """Labelled encoded images in their final order; `names` are unique and say where each comes from."""

    items: Sequence[Encoded]
    """Sliced, never read whole: a slice may come from disk."""
    names: Sequence[str]
    labels: np.ndarray
    parts: np.ndarray
    classes: tuple[str, ...]


def encoded_source(images: EncodedImages, image_size: int | None) -> Source:
    """Read every file once, for its hash, size and kind. Raises DatasetError: `broken-images`, `mixed-image-sizes`."""
    content = hashlib.sha256(repr(images.classes).encode())
    headers: list[Header | str] = []
    with ThreadPoolExecutor(DECODERS) as pool:
        for digest, header in _map_blocks(pool, _look_over, images.items):
            name, label = images.names[len(headers)], images.labels[len(headers)]
            content.update(f"{name}\0{label}\0".encode() + digest)
            headers.append(header)
    found = [header for header in headers if isinstance(header, Header)]
    if not found:
        raise broken_images({name: str(why) for name, why in zip(images.names, headers, strict=True)}, len(headers))
    channels = 1 if all(header.is_grey for header in found) else 3
    height, width = (image_size, image_size) if image_size else _common_size(headers, images.names)
    shape = (height, width, channels)
    return Source(
        classes=images.classes,
        labels=images.labels,
        parts=images.parts,
        shape=shape,
        content_hash=content.hexdigest(),
        chunks=partial(_decode_all, images, shape, image_size),
    )


def verified_headers(images: EncodedImages) -> list[Header]:
    """Decode every image as it is, and forget the pixels. Raises DatasetError `broken-images`."""
    with ThreadPoolExecutor(DECODERS) as pool:
        found = list(_map_blocks(pool, _verify_one, images.items))
    broken = {name: why for name, why in zip(images.names, found, strict=True) if isinstance(why, str)}
    if broken:
        raise broken_images(broken, len(found))
    return [header for header in found if isinstance(header, Header)]


def broken_images(reasons: dict[str, str], total: int) -> DatasetError:
    """Count all broken images, name the first few with what is wrong with them."""
    named = "; ".join(f"{name}: {why}" for name, why in list(reasons.items())[:NAMED_AT_MOST])
    more = f"; and {len(reasons) - NAMED_AT_MOST} more" if len(reasons) > NAMED_AT_MOST else ""
    detail = f"{len(reasons)} of {total} images cannot be decoded; replace or remove them: {named}{more}"
    return DatasetError("broken-images", detail, next(iter(reasons)))


def _decode_all(images: EncodedImages, shape: tuple[int, int, int], image_size: int | None) -> Iterator[np.ndarray]:
    broken: dict[str, str] = {}
    length = chunk_length(shape)
    with ThreadPoolExecutor(DECODERS) as pool:
        for start in range(0, len(images.items), length):
            items = images.items[start : start + length]
            chunk = np.empty((len(items), *shape), np.uint8)
            task = partial(_decode_one, shape=shape, image_size=image_size)
            for index, result in enumerate(_map_blocks(pool, task, items)):
                if isinstance(result, str):
                    broken[images.names[start + index]] = result
                else:
                    chunk[index] = result
            yield chunk
    if broken:
        raise broken_images(broken, len(images.items))


def _look_over(item: Encoded) -> tuple[bytes, Header | str]:
    digest = b""
    try:
        data = _read(item)
        digest = hashlib.sha256(data).digest()
        return digest, read_header(data)
    except BROKEN as error:
        return digest, _reason(error)


def _verify_one(item: Encoded) -> Header | str:
    try:
        data = _read(item)
        header = read_header(data)
        decode(data, (header.height, header.width, 1 if header.is_grey else 3), None)
    except BROKEN as error:
        return _reason(error)
    return header


def _decode_one(item: Encoded, shape: tuple[int, int, int], image_size: int | None) -> np.ndarray | str:
    try:
        return decode(_read(item), shape, image_size)
    except BROKEN as error:
        return _reason(error)


def _read(item: Encoded) -> bytes:
    return item if isinstance(item, bytes) else item.read_bytes()


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return f"not an image of a known format ({', '.join(FORMATS)})"
    return str(error) or type(error).__name__


def _map_blocks(pool: ThreadPoolExecutor, task: Callable[[Encoded], T], items: Sequence[Encoded]) -> Iterator[T]:
    """Map in order; a thread takes a block at a time, because handing over a single small image costs more."""

    def run(start: int) -> list[T]:
        return [task(item) for item in items[start : start + BLOCK]]

    for block in pool.map(run, range(0, len(items), BLOCK)):
        yield from block


def _common_size(headers: Sequence[Header | str], names: Sequence[str]) -> tuple[int, int]:
    sizes = [(h.height, h.width) if isinstance(h, Header) else None for h in headers]
    counts = Counter(size for size in sizes if size is not None)
    (height, width), common = counts.most_common(1)[0]
    if len(counts) > 1:
        odd = next(i for i, size in enumerate(sizes) if size not in (None, (height, width)))
        odd_height, odd_width = sizes[odd] or (0, 0)
        raise DatasetError(
            "mixed-image-sizes",
            f"{common} images have {width}x{height} pixels, but {names[odd]} has {odd_width}x{odd_height}"
            f" ({len(counts)} sizes in all); set dataset.image_size",
            names[odd],
        )
    return height, width
