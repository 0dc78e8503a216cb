"""Attentive sampling: of several networks of about the same cost, train the one that does best, or worst.

AttentiveNAS (Wang et al., CVPR 2021): training what lies on the front of accuracy against cost (best) or far below it
(worst) makes better use of a step than networks drawn uniformly. As there, the loss on the batch at hand stands for
the accuracy to come.
"""

from collections.abc import Callable, Sequence

import numpy as np

from nas_service.domain.spec import Attention
from search_spaces import Architecture, NetworkInput, SearchSpace

RIVALS = 3
"""Networks of about the same cost, of which one is trained."""
POOL = 32
"""Networks among which the rivals of the first are looked for."""


def attended(
    attention: Attention,
    rivals: Sequence[Architecture],
    loss_of: Callable[[Architecture], float],
) -> Architecture:
    """Of networks the one with the lowest loss (`best`) or the highest (`worst`); the first of equals."""
    return (min if attention == "best" else max)(rivals, key=loss_of)


def rivals_of_first(
    space: SearchSpace, network_input: NetworkInput, pool: Sequence[Architecture]
) -> list[Architecture]:
    """The first of a pool and those nearest to it by the logarithm of MACs."""
    macs = np.log(space.cost(pool, network_input).macs)
    return [pool[place] for place in np.abs(macs - macs[0]).argsort(kind="stable")[:RIVALS]]
