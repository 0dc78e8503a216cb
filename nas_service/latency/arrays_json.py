"""Arrays inside of JSON: a quarter of the size of numbers as text, and read back exactly."""

import base64
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_spaces.table import FloatArray

LITTLE_ENDIAN = "<f8"


def packed(array: NDArray[Any]) -> dict[str, Any]:
    """Any numeric array as float64."""
    content = np.ascontiguousarray(array, dtype=LITTLE_ENDIAN).tobytes()
    return {"shape": list(array.shape), "f64_zlib_base64": base64.b64encode(zlib.compress(content)).decode()}


def unpacked(document: dict[str, Any]) -> FloatArray:
    """What `packed` wrote."""
    content = zlib.decompress(base64.b64decode(document["f64_zlib_base64"]))
    return np.frombuffer(content, dtype=LITTLE_ENDIAN).reshape(document["shape"]).astype(np.float64)
