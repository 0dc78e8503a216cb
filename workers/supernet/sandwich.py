"""Which networks a step of a supernet's training takes."""

from collections.abc import Sequence

import numpy as np

from search_spaces import Architecture, SearchSpace
from search_spaces.table import IntArray


def sandwich(space: SearchSpace, draw: tuple[int, ...], sampled: int, closed: Sequence[int] = ()) -> list[Architecture]:
    """The largest network, the smallest, and `sampled` drawn at random (Yu and Huang, ICCV 2019).

    A function of the arguments alone; `draw` seeds it. What has no order is drawn for the first two as well. All have
    the ordinal choices at the places `closed` at their most.
    """
    options = np.array([len(choice.options) for choice in space.choices])
    ordinal = [place for place, choice in enumerate(space.choices) if choice.ordinal]
    rows: IntArray = np.random.default_rng(draw).integers(0, options, (2 + sampled, len(options)))
    rows[1, ordinal] = 0
    rows[0, ordinal] = options[ordinal] - 1
    rows[:, list(closed)] = options[list(closed)] - 1
    return space.from_indices(rows)
