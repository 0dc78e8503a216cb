"""Channel counts that hardware likes."""

import numpy as np

from search_spaces.table import FloatArray, IntArray


def make_divisible(channels: FloatArray | IntArray, divisor: int) -> IntArray:
    """The nearest multiple of `divisor`, at least one, and never more than 10 % below `channels`; elementwise.

    The rounding rule of MobileNetV2 (Sandler et al., 2018, reference implementation).
    """
    rounded = np.maximum(divisor, np.floor_divide(channels + divisor / 2, divisor) * divisor)
    divisible: IntArray = np.where(rounded < 0.9 * channels, rounded + divisor, rounded).astype(np.int64)
    return divisible
