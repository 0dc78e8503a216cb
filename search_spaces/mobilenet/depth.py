"""How the depth multiplier works, and in which stages blocks can share weights."""

import numpy as np

from search_spaces.table import FloatArray, IntArray

FIRST_UNIFORM = 1
"""The position in a stage from which blocks are alike: the first one changes width and image side."""
SHARING_DEPTH = FIRST_UNIFORM + 2
"""Blocks from which on a stage has two that can share weights."""


def built_depth(depth: IntArray, multiplier: FloatArray | float) -> IntArray:
    """Blocks that are built, elementwise: the product rounded up, as EfficientNet does (Tan and Le, 2019).

    Products are first rounded to six digits, so that 10 x 1.1 is 11 and not 12.
    """
    return np.ceil(np.round(depth * multiplier, 6)).astype(np.int64)
