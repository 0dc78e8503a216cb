"""The kinds of arrays that pass between the parts of the sampler."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def row_keys(rows: IntArray) -> list[bytes]:
    """One hashable value a row."""
    return [row.tobytes() for row in np.ascontiguousarray(rows, dtype=np.int64)]
