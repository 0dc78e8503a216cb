"""Which rounds count, by each cause and at its limit."""

from dataclasses import replace

import pytest

from workers.profiling.contention import (
    BOOSTED,
    DRIFTED,
    SLOWED,
    Cause,
    Round,
    Usual,
    cause,
    clean_share,
    floor_ns,
    sift,
)

QUIET = Round(window=0, subject_ns=(500,), before_ns=100.0, after_ns=100.0, interrupted=False, stolen=False)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, None),
        ({"interrupted": True}, Cause.INTERRUPTED),
        ({"stolen": True}, Cause.STOLEN),
        ({"after_ns": 100 * (1 + DRIFTED) - 1}, None),
        ({"after_ns": 100 * (1 + DRIFTED) + 1}, Cause.DRIFTED),
        ({"before_ns": 100 * (1 + DRIFTED) + 1}, Cause.DRIFTED),
        ({"before_ns": 100 * (1 + SLOWED) - 1, "after_ns": 100 * (1 + SLOWED) - 1}, None),
        ({"before_ns": 100 * (1 + SLOWED) + 1, "after_ns": 100 * (1 + SLOWED) + 1}, Cause.SLOWED),
        ({"before_ns": 60.0, "after_ns": 60.0}, None),
    ],
)
def test_a_round_counts_unless_there_is_a_cause(change: dict[str, float], expected: Cause | None) -> None:
    assert cause(replace(QUIET, **change), Usual(100.0)) is expected


def test_a_boosted_clock_is_told_only_from_a_baseline_that_is_proven() -> None:
    boosted = replace(QUIET, before_ns=100 * (1 - BOOSTED) - 1, after_ns=100 * (1 - BOOSTED) - 1)
    assert cause(boosted, Usual(100.0, proven=True)) is Cause.BOOSTED
    assert cause(boosted, Usual(100.0)) is None
    assert cause(replace(boosted, after_ns=100.0), Usual(100.0, proven=True)) is None


def test_the_floor_is_a_quartile_over_windows_however_many_rounds_they_have() -> None:
    speeds = {0: 1.0, 1: 2.0, 2: 3.0, 3: 4.0, 4: 5.0}
    rounds = [replace(QUIET, window=window, before_ns=ns, after_ns=ns) for window, ns in speeds.items()]
    assert floor_ns([*rounds, *[rounds[4]] * 50]) == 2.0


def test_what_was_dropped_is_counted_by_cause() -> None:
    rounds = [QUIET, replace(QUIET, stolen=True), QUIET, replace(QUIET, interrupted=True), replace(QUIET, stolen=True)]
    kept, dropped = sift(rounds, usual=None)
    assert kept == [QUIET, QUIET]
    assert dropped == {Cause.STOLEN: 2, Cause.INTERRUPTED: 1}


def test_a_window_of_few_long_rounds_weighs_as_much_as_one_of_many() -> None:
    quiet, long = [QUIET] * 40, [replace(QUIET, window=window, interrupted=True) for window in (1, 2)]
    assert clean_share([*quiet, *long], quiet) == pytest.approx(1 / 3)
