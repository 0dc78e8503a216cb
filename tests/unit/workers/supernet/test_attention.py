"""Attentive sampling: which of several networks of about the same cost is trained."""

import numpy as np

from search_spaces import NetworkInput, get
from workers.supernet.attention import POOL, RIVALS, attended, rivals_of_first

SPACE, INPUT = get("mobilenet", "tiny"), NetworkInput(3, 10)
DRAWN = SPACE.sample(np.random.default_rng(0), POOL)


def test_rivals_are_the_first_network_and_those_nearest_to_it_in_macs() -> None:
    found = rivals_of_first(SPACE, INPUT, DRAWN)
    macs = np.log(SPACE.cost(DRAWN, INPUT).macs)
    left_out = [m for a, m in zip(DRAWN, macs, strict=True) if a.key not in {f.key for f in found}]
    distances = np.abs(np.log(SPACE.cost(found, INPUT).macs) - macs[0])
    assert found[0] is DRAWN[0]
    assert len(found) == RIVALS
    assert distances.max() <= np.abs(np.array(left_out) - macs[0]).min()


def test_the_lowest_loss_is_the_best_and_the_highest_the_worst() -> None:
    losses = dict(zip((a.key for a in DRAWN[:3]), (2.0, 1.0, 3.0), strict=True))
    assert attended("best", DRAWN[:3], lambda a: losses[a.key]) is DRAWN[1]
    assert attended("worst", DRAWN[:3], lambda a: losses[a.key]) is DRAWN[2]
