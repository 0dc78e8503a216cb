"""Warm-up and interleaved sampling, on a machine whose clock and scheduler the test sets."""

from collections.abc import Iterable, Iterator
from itertools import chain, repeat

import numpy as np
import pytest

from workers.profiling.sampling import (
    BLOCK_SAMPLES,
    FEWEST_SAMPLES,
    SPAN_NS,
    Meter,
    Plan,
    sample,
    samples_a_block,
    time_block,
    warm_up,
)

MS = 1_000_000


class Machine:
    """Time passes only while models run; a run may be interrupted."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.interruptions = 0
        self.log: list[str] = []

    def meter(self) -> Meter:
        return Meter(clock_ns=lambda: self.now_ns, interruptions=lambda: self.interruptions)

    def model(self, name: str, durations_ms: Iterable[float], interrupted: Iterable[bool] = repeat(False)):
        """A run that takes the next duration each time."""
        durations: Iterator[float] = iter(durations_ms)
        interruptions: Iterator[bool] = iter(interrupted)

        def run() -> None:
            self.log.append(name)
            self.now_ns += int(next(durations) * MS)
            self.interruptions += next(interruptions)

        return run


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_warm_up_lasts_until_times_stop_falling(machine: Machine) -> None:
    run = machine.model("a", chain([100 / n for n in range(1, 41)], repeat(2.5)))
    times = warm_up(run, 10_000 * MS, machine.meter())
    assert 40 < len(times) <= 60
    assert times[-1] == 2.5 * MS


def test_warm_up_of_a_model_that_never_settles_ends_with_its_share_of_time(machine: Machine) -> None:
    run = machine.model("a", (1.1**n for n in range(10_000)))
    warm_up(run, 500 * MS, machine.meter())
    assert machine.now_ns < 600 * MS


def test_warm_up_runs_even_a_model_slower_than_the_limit_once(machine: Machine) -> None:
    assert warm_up(machine.model("a", repeat(5_000)), 1 * MS, machine.meter()) == [5_000 * MS]


def test_first_run_of_a_block_is_not_counted(machine: Machine) -> None:
    block = time_block(machine.model("a", [70, 1, 2, 3]), 3, machine.meter())
    assert block.times_ns == [1 * MS, 2 * MS, 3 * MS]
    assert block.clean


def test_interrupted_run_is_timed_again(machine: Machine) -> None:
    run = machine.model("a", [1, 1, 9, 1, 1], [False, False, True, False, False])
    block = time_block(run, 3, machine.meter())
    assert block.times_ns == [MS, MS, MS]
    assert block.clean


def test_block_that_stays_disturbed_is_bounded_and_says_so(machine: Machine) -> None:
    block = time_block(machine.model("a", repeat(9), repeat(True)), 3, machine.meter())
    assert len(block.times_ns) == 3
    assert not block.clean
    assert len(machine.log) == 1 + 2 * 3


def test_steady_model_is_sampled_for_the_span_and_no_longer(machine: Machine) -> None:
    samples = sample(
        machine.model("subject", repeat(0.5)),
        machine.model("reference", repeat(0.25)),
        Plan(budget_s=60, precision=0.01),
        machine.meter(),
    )
    assert SPAN_NS <= machine.now_ns <= 1.3 * SPAN_NS
    assert np.all(samples.subject_ms == 0.5)
    assert np.all(samples.reference_ms == 0.25)
    assert (samples.dropped_blocks, samples.disturbed) == (0, False)


def test_blocks_of_subject_and_reference_alternate(machine: Machine) -> None:
    sample(
        machine.model("s", repeat(0.5)),
        machine.model("r", repeat(0.25)),
        Plan(budget_s=60, precision=0.01),
        machine.meter(),
    )
    block = 1 + BLOCK_SAMPLES
    assert "".join(machine.log[-4 * block :]) == ("r" * block + "s" * block) * 2


def test_wavering_model_is_sampled_until_the_budget_ends(machine: Machine) -> None:
    phases = chain.from_iterable(chain(repeat(1.0, 11), repeat(1.5, 11)) for _ in range(10_000))
    samples = sample(
        machine.model("subject", phases),
        machine.model("reference", repeat(0.1)),
        Plan(budget_s=3, precision=0.01),
        machine.meter(),
    )
    assert 3_000 * MS <= machine.now_ns < 3_100 * MS
    assert len(set(np.median(samples.subject_ms, axis=1))) == 2


def test_disturbed_blocks_are_left_out_and_counted(machine: Machine) -> None:
    disturbed = [False] * 200 + [True] * 40
    durations = [0.5] * 200 + [5.0] * 40
    samples = sample(
        machine.model("subject", chain(durations, repeat(0.5)), chain(disturbed, repeat(False))),
        machine.model("reference", repeat(0.25)),
        Plan(budget_s=60, precision=0.01),
        machine.meter(),
    )
    assert samples.dropped_blocks in (1, 2)
    assert not samples.disturbed
    assert np.all(samples.subject_ms == 0.5)


def test_mostly_disturbed_measurement_says_so_and_keeps_what_was_clean(machine: Machine) -> None:
    samples = sample(
        machine.model("subject", chain([0.5] * 60, repeat(5.0)), chain([False] * 60, repeat(True))),
        machine.model("reference", repeat(0.25)),
        Plan(budget_s=2, precision=0.01),
        machine.meter(),
    )
    assert samples.disturbed
    assert np.all(samples.subject_ms == 0.5)


def test_wholly_disturbed_measurement_keeps_its_samples_and_says_so(machine: Machine) -> None:
    samples = sample(
        machine.model("subject", repeat(5.0), repeat(True)),
        machine.model("reference", repeat(0.25)),
        Plan(budget_s=1, precision=0.01),
        machine.meter(),
    )
    assert samples.disturbed
    assert np.all(samples.subject_ms == 5.0)


@pytest.mark.parametrize(
    ("duration_ns", "count"), [(0, BLOCK_SAMPLES), (MS, 5), (10**12, FEWEST_SAMPLES), (10_000, BLOCK_SAMPLES)]
)
def test_slow_models_get_fewer_samples_a_block(duration_ns: int, count: int) -> None:
    assert samples_a_block(duration_ns) == count
