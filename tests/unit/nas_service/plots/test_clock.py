"""Times on axes."""

from datetime import datetime, timedelta

import pytest

from nas_service.plots.clock import clock

START = datetime(2026, 1, 2)


@pytest.mark.parametrize(
    ("longest_s", "unit", "shown"), [(90, "s", 90.0), (600, "min", 10.0), (4 * 3600, "h", 4.0), (0, "s", 0.0)]
)
def test_a_time_is_shown_in_the_unit_that_people_would_choose(longest_s: int, unit: str, shown: float) -> None:
    assert clock(START, [START, START + timedelta(seconds=longest_s)]) == (unit, [0.0, shown])


def test_a_clock_that_ran_behind_shows_no_negative_time() -> None:
    assert clock(START, [START - timedelta(seconds=3)]) == ("s", [0.0])
