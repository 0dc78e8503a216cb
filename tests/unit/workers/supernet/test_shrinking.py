"""Progressive shrinking: what each phase of a supernet's training leaves to vary."""

import numpy as np
import pytest

from nas_service.domain.spec import SupernetSpec
from search_spaces import NetworkInput, get
from workers.supernet.sandwich import sandwich
from workers.supernet.shrinking import Shrinking

SPACE, INPUT = get("mobilenet", "tiny"), NetworkInput(3, 10)
STEPS = 100
HOW = SupernetSpec(largest_first=0.4, opening="progressive")
AT_ONCE = SupernetSpec(largest_first=0, opening="at_once")


def closed_groups(step: int, how: SupernetSpec = HOW) -> set[str]:
    closed = Shrinking(SPACE, INPUT, how, STEPS).closed(step)
    return {SPACE.choices[place].group or SPACE.choices[place].name for place in closed}


WIDTHS = {"width_multiplier", "stem_width", "head_width", "expansion"}
DEPTHS = {"stages", "depth_multiplier", "depth"}


@pytest.mark.parametrize(
    ("step", "closed"),
    [(40, WIDTHS | DEPTHS), (59, WIDTHS | DEPTHS), (60, WIDTHS), (79, WIDTHS), (80, set()), (99, set())],
)
def test_kernels_are_opened_first_then_depths_then_widths(step: int, closed: set[str]) -> None:
    assert closed_groups(step) == closed


def test_the_largest_trains_alone_for_its_share_of_the_steps() -> None:
    assert Shrinking(SPACE, INPUT, HOW, STEPS).begin == 40
    assert Shrinking(SPACE, INPUT, AT_ONCE, STEPS).begin == 0


def test_all_choices_are_open_at_once_where_that_is_asked_for() -> None:
    assert closed_groups(0, AT_ONCE) == set()


def test_networks_have_closed_choices_at_their_most() -> None:
    closed = Shrinking(SPACE, INPUT, HOW, STEPS).closed(40)
    largest, smallest, *drawn = SPACE.to_indices(sandwich(SPACE, (0, 40), 8, closed))
    for row in (smallest, *drawn):
        matter = [place for place in closed if row[place] >= 0 and largest[place] >= 0]
        assert matter
        assert np.array_equal(row[matter], largest[matter])
    assert len({tuple(row) for row in drawn}) > 1
