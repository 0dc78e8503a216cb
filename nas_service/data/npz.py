"""`npz:PATH`: arrays `x` and `y`, and optionally `x_validation`, `y_validation`, `x_test`, `y_test`, `classes`.

`x` is (n, h, w) or (n, h, w, c) with 1 or 3 channels, uint8 or float in [0, 1]; `y` is (n,) integers from 0;
`classes` (strings) names them. `x_train` and `y_train` will do for `x` and `y`. Images are read in chunks.
"""

import hashlib
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from nas_service.data.labels import numbered_classes
from nas_service.data.npz_arrays import StoredArray, list_arrays
from nas_service.data.pixels import MAX_PIXELS, resize_pixels
from nas_service.data.source import Part, Source, chunk_length
from nas_service.data_paths import resolve_below
from nas_service.domain.errors import DatasetError

SUFFIXES = {Part.TRAIN: "", Part.VALIDATION: "_validation", Part.TEST: "_test"}


def open_npz(name: str, roots: Sequence[Path], image_size: int | None) -> Source:
    """The file below a data root. Raises DatasetError: those of `resolve_below` and `npz_source`."""
    return npz_source(resolve_below(name, roots), image_size)


def npz_source(path: Path, image_size: int | None) -> Source:
    """Check shapes, types and labels; leave the pixels for later.

    Raises DatasetError: those of `list_arrays`, `missing-array`, `wrong-shape`, `wrong-dtype`, `image-side`;
    and while chunks are read `not-finite`, `wrong-range`.
    """
    arrays = list_arrays(path)
    pairs = _pairs(arrays)
    for x, y in pairs.values():
        _check_images(x, next(iter(pairs.values()))[0])
        _check_labels(y, x)
    labels = np.concatenate([y.read() for _, y in pairs.values()]).astype(np.int64)
    first = pairs[Part.TRAIN][0]
    height, width = (image_size, image_size) if image_size else first.shape[1:3]
    shape = (height, width, _channels(first))
    with path.open("rb") as file:
        content_hash = hashlib.file_digest(file, "sha256").hexdigest()
    return Source(
        classes=_class_names(arrays, labels),
        labels=labels,
        parts=np.repeat(np.array(list(pairs), np.int8), [x.shape[0] for x, _ in pairs.values()]),
        shape=shape,
        content_hash=content_hash,
        chunks=partial(_chunks, [x for x, _ in pairs.values()], shape, image_size),
    )


def _pairs(arrays: dict[str, StoredArray]) -> dict[Part, tuple[StoredArray, StoredArray]]:
    """Images and labels of each part, in a fixed order."""
    train = "_train" if "x" not in arrays and "x_train" in arrays else ""
    suffixes = SUFFIXES | {Part.TRAIN: train}
    pairs = {}
    for part, suffix in suffixes.items():
        names = f"x{suffix}", f"y{suffix}"
        missing = [name for name in names if name not in arrays]
        if not missing:
            pairs[part] = arrays[names[0]], arrays[names[1]]
        elif part is Part.TRAIN or len(missing) == 1:
            held = ", ".join(sorted(arrays)) or "nothing"
            raise DatasetError("missing-array", f"no array {missing[0]} (the file holds {held}); add it", missing[0])
    return pairs


def _channels(x: StoredArray) -> int:
    return x.shape[3] if len(x.shape) == 4 else 1


def _check_images(x: StoredArray, first: StoredArray) -> None:
    shape = x.shape
    if len(shape) == 4 and shape[3] not in (1, 3) and shape[1] in (1, 3):
        mend = "move the channels last: x.transpose(0, 2, 3, 1)"
        raise DatasetError("wrong-shape", f"{x.name} is {shape}, channels first; {mend}", x.name)
    if len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] not in (1, 3)) or 0 in shape:
        wanted = "(n, height, width) or (n, height, width, channels) with 1 or 3 channels"
        raise DatasetError("wrong-shape", f"{x.name} is {shape}; save it as {wanted}", x.name)
    if shape[1:] != first.shape[1:]:
        raise DatasetError(
            "wrong-shape", f"images of {x.name} are {shape[1:]}, those of {first.name} {first.shape[1:]}", x.name
        )
    if shape[1] * shape[2] > MAX_PIXELS:
        detail = f"images of {x.name} have {shape[2]}x{shape[1]} pixels; at most {MAX_PIXELS:,} are read"
        raise DatasetError("image-side", f"{detail}: save them smaller", x.name)
    if x.dtype != np.uint8 and x.dtype.kind != "f":
        mend = "save uint8 (0 to 255) or floats in [0, 1]"
        raise DatasetError("wrong-dtype", f"{x.name} is {x.dtype}; {mend}", x.name)


def _check_labels(y: StoredArray, x: StoredArray) -> None:
    if y.shape != x.shape[:1]:
        raise DatasetError("wrong-shape", f"{y.name} is {y.shape}; it must be ({x.shape[0]},) as {x.name} is", y.name)
    if y.dtype.kind not in "iu":
        raise DatasetError("wrong-dtype", f"{y.name} is {y.dtype}; save integers from 0 up", y.name)


def _class_names(arrays: dict[str, StoredArray], labels: np.ndarray) -> tuple[str, ...]:
    if "classes" not in arrays:
        return numbered_classes(labels)
    names = arrays["classes"]
    if names.dtype.kind != "U" or len(names.shape) != 1:
        detail = f"classes is {names.dtype} {names.shape}; save a name for each label as np.array([...], dtype=str)"
        raise DatasetError("wrong-dtype", detail, "classes")
    return tuple(names.read().tolist())


def _chunks(arrays: list[StoredArray], shape: tuple[int, int, int], image_size: int | None) -> Iterator[np.ndarray]:
    for array in arrays:
        for rows in array.chunks(chunk_length((array.shape[1], array.shape[2], shape[2]))):
            pixels = _to_uint8(rows, array.name).reshape(*rows.shape[:3], shape[2])
            if pixels.shape[1:] == shape:
                yield pixels
            else:
                yield np.stack([resize_pixels(image, image_size) for image in pixels])


def _to_uint8(rows: np.ndarray, name: str) -> np.ndarray:
    if rows.dtype == np.uint8:
        return rows
    if not np.isfinite(rows).all():
        raise DatasetError("not-finite", f"{name} holds NaN or infinite pixels; remove or mend those images", name)
    low, high = rows.min(), rows.max()
    if low < 0 or high > 1:
        detail = f"{name} spans {low:g} to {high:g}; scale it to [0, 1], or save uint8 (0 to 255)"
        raise DatasetError("wrong-range", detail, name)
    return np.rint(rows.astype(np.float32) * 255).astype(np.uint8)
