"""Packed weights: a network's state in as many bits as its channels need. Needs numpy only, to read as to write.

A file is the magic number, the length of what follows as uint32, a deflated JSON list of tensors, and their deflated
contents one after another. A tensor is stored in one of three ways, whichever its values allow for without loss:
`packed` is one signed whole number of bits a channel (uint8), one exponent a channel (int8), and the weights as whole
numbers times 2^exponent, in two's complement, least bit first, channel after channel; `float16` and the tensor's own
type are plain little-endian arrays. All numbers are little-endian.
"""

import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from search_spaces.errors import SpaceError

MAGIC = b"NASPACK\x01"
MAX_BITS = 16
Array = np.ndarray[Any, np.dtype[Any]]


def pack(tensors: Mapping[str, Array], exponents: Mapping[str, Array]) -> bytes:
    """All `tensors`, to the bit. Those named in `exponents` are whole numbers times 2^exponent, an exponent a channel.

    Raises ValueError for one that is not, or that takes more than 16 bits a weight.
    """
    entries, contents = [], []
    for name, tensor in tensors.items():
        kind, content = _packed(name, tensor, exponents[name]) if name in exponents else _plain(tensor)
        entries.append({"name": name, "shape": list(tensor.shape), "kind": kind})
        contents.append(content)
    head = zlib.compress(json.dumps(entries, separators=(",", ":")).encode(), 9)
    return MAGIC + struct.pack("<I", len(head)) + head + zlib.compress(b"".join(contents), 9)


def unpack(content: bytes) -> dict[str, Array]:
    """The tensors that `pack` was given. Raises SpaceError for anything else."""
    if not content.startswith(MAGIC):
        raise SpaceError("these are no packed weights of a version that is known here")
    try:
        (size,) = struct.unpack_from("<I", content, len(MAGIC))
        start = len(MAGIC) + 4
        entries = json.loads(zlib.decompress(content[start : start + size]))
        body = zlib.decompress(content[start + size :])
        tensors, offset = {}, 0
        for entry in entries:
            tensors[entry["name"]], offset = _read(body, offset, entry["kind"], tuple(entry["shape"]))
    except (zlib.error, struct.error, ValueError, KeyError) as error:
        raise SpaceError(f"the packed weights are damaged: {error}") from error
    return tensors


def bits_of(integers: Array) -> Array:
    """uint8 (channels,): the least bits of two's complement that hold each row of whole numbers; 0 for zeros."""
    low, high = integers.min(1), integers.max(1)
    reach = np.maximum(high, -low - 1)
    bits = np.where(reach > 0, np.floor(np.log2(np.maximum(reach, 1))) + 2, 1)
    return np.where((low == 0) & (high == 0), 0, bits).astype(np.uint8)


def _packed(name: str, tensor: Array, exponents: Array) -> tuple[str, bytes]:
    channels = tensor.reshape(len(tensor), -1)
    integers = np.ldexp(channels.astype(np.float64), -exponents.astype(np.int64)[:, None])
    if not (integers == np.rint(integers)).all() or np.abs(exponents).max() > 127:
        raise ValueError(f"{name} is not made of whole numbers times 2^exponent")
    whole = integers.astype(np.int64)
    bits = bits_of(whole)
    if bits.max() > MAX_BITS:
        raise ValueError(f"{name} takes {bits.max()} bits a weight; at most {MAX_BITS} can be packed")
    places = np.arange(MAX_BITS)
    table = ((whole[:, :, None] >> places) & 1).astype(np.uint8)
    stream = table[np.broadcast_to(places < bits[:, None, None], table.shape)]
    head = bits.tobytes() + exponents.astype(np.int8).tobytes()
    return "packed", head + np.packbits(stream, bitorder="little").tobytes()


def _plain(tensor: Array) -> tuple[str, bytes]:
    kind = tensor.dtype
    if kind == np.float32:
        with np.errstate(over="ignore"):
            half = tensor.astype(np.float16)
        if np.array_equal(half.astype(np.float32), tensor):
            return "float16", half.astype("<f2").tobytes()
    return kind.name, tensor.astype(kind.newbyteorder("<")).tobytes()


def _read(body: bytes, offset: int, kind: str, shape: tuple[int, ...]) -> tuple[Array, int]:
    if kind == "packed":
        return _read_packed(body, offset, shape)
    stored = np.dtype(kind).newbyteorder("<")
    count = int(np.prod(shape))
    values = np.frombuffer(body, stored, count, offset).reshape(shape)
    native = np.float32 if kind == "float16" else np.dtype(kind)
    return values.astype(native), offset + count * stored.itemsize


def _read_packed(body: bytes, offset: int, shape: tuple[int, ...]) -> tuple[Array, int]:
    channels, weights = shape[0], int(np.prod(shape[1:]))
    bits = np.frombuffer(body, np.uint8, channels, offset).astype(np.int64)
    exponents = np.frombuffer(body, np.int8, channels, offset + channels).astype(np.int64)
    start = offset + 2 * channels
    size = -(-int(bits.sum()) * weights // 8)
    stream = np.unpackbits(np.frombuffer(body, np.uint8, size, start), bitorder="little")
    table = np.zeros((channels, weights, MAX_BITS), np.int64)
    places = np.arange(MAX_BITS)
    table[np.broadcast_to(places < bits[:, None, None], table.shape)] = stream[: int(bits.sum()) * weights]
    signs = np.where(places == bits[:, None] - 1, -1, 1)[:, None, :]
    integers = (table * signs << places).sum(2)
    return np.ldexp(integers.astype(np.float32), exponents[:, None]).reshape(shape), start + size
