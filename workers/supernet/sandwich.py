"""Which networks a step of a supernet's training takes."""

import numpy as np

from search_spaces import Architecture, SearchSpace
from search_spaces.supernet import extremes


def sandwich(space: SearchSpace, draw: tuple[int, ...], sampled: int) -> list[Architecture]:
    """The largest network, the smallest, and `sampled` drawn at random (Yu and Huang, ICCV 2019).

    A function of the arguments alone; `draw` seeds it. What has no order is drawn for the first two as well.
    """
    rng = np.random.default_rng(draw)
    ends = [extremes(space, rng, 1, largest=largest)[0] for largest in (True, False)]
    return [*ends, *space.sample(rng, sampled)]
