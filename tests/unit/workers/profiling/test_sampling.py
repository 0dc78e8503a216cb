"""Warm-up and interleaved sampling, on a machine whose clock and scheduler the test sets."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, repeat

import numpy as np
import pytest

from workers.profiling.contention import Cause, Usual
from workers.profiling.sampling import (
    ATTEMPTS,
    LEAST_WINDOWS,
    MOST_REFILLS,
    MOST_SAMPLES,
    WARMUP_NS,
    WINDOW_NS,
    Durations,
    Meter,
    Plan,
    Session,
    refill_runs,
    sample,
    samples_a_block,
    take_window,
    time_block,
    warm_up,
)

MS = 1_000_000
PATIENT = Plan(budget_s=60, precision=0.01)


class Machine:
    """Time passes only while models run; a run may be interrupted, and the core stolen."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.interruptions = 0
        self.stolen = 0
        self.log: list[str] = []

    def meter(self) -> Meter:
        return Meter(lambda: self.now_ns, lambda: self.interruptions, lambda: self.stolen)

    def model(
        self, name: str, durations_ms: Iterable[float], interrupted: Iterable[bool] = repeat(False)
    ) -> Callable[[], None]:
        """A run that takes the next duration each time."""
        durations: Iterator[float] = iter(durations_ms)
        interruptions: Iterator[bool] = iter(interrupted)

        def run() -> None:
            self.log.append(name)
            self.now_ns += int(next(durations) * MS)
            self.interruptions += next(interruptions)

        return run

    def session(self, subject_ms: Iterable[float], reference_ms: Iterable[float] = repeat(0.25)) -> Session:
        return Session(self.model("s", subject_ms), self.model("r", reference_ms))


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_warm_up_lasts_until_times_stop_falling(machine: Machine) -> None:
    run = machine.model("a", chain([100 / n for n in range(1, 41)], repeat(2.5)))
    times = warm_up(run, 10_000 * MS, machine.meter())
    assert 40 < len(times) <= 60
    assert times[-1] == 2.5 * MS


def test_warm_up_of_a_steady_model_spins_the_core_up(machine: Machine) -> None:
    warm_up(machine.model("a", repeat(0.1)), 10_000 * MS, machine.meter())
    assert machine.now_ns == WARMUP_NS


def test_warm_up_of_a_model_that_never_settles_ends_with_its_share_of_time(machine: Machine) -> None:
    run = machine.model("a", (1.1**n for n in range(10_000)))
    warm_up(run, 500 * MS, machine.meter())
    assert machine.now_ns < 600 * MS


def test_warm_up_runs_even_a_model_slower_than_the_limit_once(machine: Machine) -> None:
    assert warm_up(machine.model("a", repeat(5_000)), 1 * MS, machine.meter()) == [5_000 * MS]


def test_runs_that_refill_the_caches_are_not_counted(machine: Machine) -> None:
    refills, counted = [90] * refill_runs(MS), list(range(1, 1 + samples_a_block(MS)))
    block = time_block(machine.model("a", [*refills, *counted]), MS, machine.meter())
    assert block.times_ns == [time * MS for time in counted]
    assert block.clean


def test_block_interrupted_too_often_is_timed_again_after_the_caches_are_refilled(machine: Machine) -> None:
    refills, count = [7] * refill_runs(2 * MS), samples_a_block(2 * MS)
    times = [*refills, 9, *[1] * (count - 1), *refills, *range(1, 1 + count)]
    run = machine.model("a", times, chain([False] * len(refills), [True], repeat(False)))
    block = time_block(run, 2 * MS, machine.meter())
    assert block.times_ns == [time * MS for time in range(1, 1 + count)]
    assert block.clean


def test_one_interruption_among_many_runs_is_left_to_the_median(machine: Machine) -> None:
    interrupted = chain([False] * (MOST_REFILLS + 5), [True], repeat(False))
    block = time_block(machine.model("a", repeat(0.1), interrupted), MS // 10, machine.meter())
    assert len(block.times_ns) == MOST_SAMPLES
    assert block.clean


def test_block_that_stays_disturbed_is_bounded_and_says_so(machine: Machine) -> None:
    block = time_block(machine.model("a", repeat(9), repeat(True)), 3 * MS, machine.meter())
    assert block.times_ns == [9 * MS] * samples_a_block(3 * MS)
    assert not block.clean
    assert len(machine.log) == ATTEMPTS * (refill_runs(3 * MS) + samples_a_block(3 * MS))


def test_steady_model_is_sampled_for_the_least_windows_and_no_longer(machine: Machine) -> None:
    samples = sample([machine.session(repeat(0.5))], PATIENT, machine.meter())
    assert LEAST_WINDOWS * WINDOW_NS <= machine.now_ns <= 1.5 * LEAST_WINDOWS * WINDOW_NS
    assert set(samples.windows) == set(range(LEAST_WINDOWS))
    assert np.all(samples.subject_ms == 0.5)
    assert np.all(samples.reference_ms == 0.25)
    assert samples.floor_ms == 0.25
    assert (samples.dropped, samples.disturbed) == ({}, False)


def test_a_short_budget_has_room_for_as_many_windows(machine: Machine) -> None:
    samples = sample([machine.session(repeat(0.05), repeat(0.05))], Plan(0.5, precision=0.01), machine.meter())
    assert set(samples.windows) == set(range(LEAST_WINDOWS))
    assert machine.now_ns < 500 * MS


def test_every_subject_block_stands_between_two_of_the_reference(machine: Machine) -> None:
    take_window(0, machine.session(repeat(0.5)), Durations(MS // 2, MS // 4), 60 * MS, machine.meter())
    reference = "r" * (refill_runs(MS // 4) + samples_a_block(MS // 4))
    subject = "s" * (refill_runs(MS // 2) + samples_a_block(MS // 2))
    assert "".join(machine.log) == (reference + subject) * (machine.log.count("s") // len(subject)) + reference


def test_the_reference_of_a_round_is_the_mean_of_both_its_neighbours(machine: Machine) -> None:
    runs = refill_runs(3 * MS) + samples_a_block(3 * MS)
    session = machine.session(repeat(20), chain([1.0] * runs, [2.0] * runs, repeat(3.0)))
    rounds = take_window(0, session, Durations(30 * MS, 3 * MS), 60 * MS, machine.meter())
    assert [round_.reference_ns / MS for round_ in rounds] == [1.5, 2.5]


def test_every_window_has_a_session_of_its_own_while_there_are_enough(machine: Machine) -> None:
    """Where its memory lies makes one session slower: the ratio over all is known no better than they differ."""
    sessions = [machine.session(repeat(0.5 + 0.01 * n)) for n in range(LEAST_WINDOWS)]
    samples = sample(sessions, Plan(60, precision=0.1), machine.meter())
    medians = {window: float(np.median(samples.subject_ms[samples.windows == window])) for window in samples.windows}
    assert medians == pytest.approx({n: 0.5 + 0.01 * n for n in range(LEAST_WINDOWS)})


def test_sessions_take_turns_where_there_are_fewer(machine: Machine) -> None:
    samples = sample([machine.session(repeat(0.5)), machine.session(repeat(0.501))], PATIENT, machine.meter())
    assert set(np.median(samples.subject_ms[samples.windows % 2 == 1], axis=1)) == {0.501}


def test_wavering_model_is_sampled_until_the_budget_ends(machine: Machine) -> None:
    sessions = [machine.session(repeat(duration)) for duration in (1.0, 1.5)]
    samples = sample(sessions, Plan(budget_s=3, precision=0.01), machine.meter())
    assert 3_000 * MS <= machine.now_ns < 3_100 * MS
    assert set(np.median(samples.subject_ms, axis=1)) == {1.0, 1.5}


def test_a_slow_model_is_timed_once_at_least_and_within_its_budget(machine: Machine) -> None:
    samples = sample([machine.session(repeat(700))], Plan(budget_s=2, precision=0.01), machine.meter())
    assert samples.subject_ms.tolist() == [[700.0]] * 2
    assert machine.now_ns < 3_000 * MS


def test_interrupted_rounds_are_left_out_and_counted(machine: Machine) -> None:
    subject = machine.model(
        "s", chain([0.5] * 200, [5.0] * 40, repeat(0.5)), chain([False] * 200, [True] * 40, repeat(False))
    )
    samples = sample([Session(subject, machine.model("r", repeat(0.25)))], PATIENT, machine.meter())
    assert samples.dropped[Cause.INTERRUPTED] >= 1
    assert not samples.disturbed
    assert np.all(samples.subject_ms == 0.5)


def test_windows_in_which_the_core_was_stolen_are_left_out(machine: Machine) -> None:
    def stolen() -> int:
        return int(machine.now_ns > 500 * MS) + int(machine.now_ns > 700 * MS)

    meter = Meter(lambda: machine.now_ns, lambda: 0, stolen)
    samples = sample([machine.session(repeat(0.5))], PATIENT, meter)
    assert samples.dropped.keys() == {Cause.STOLEN}
    assert len(set(samples.windows)) == LEAST_WINDOWS - 2


def test_mostly_disturbed_measurement_says_so_and_keeps_what_was_clean(machine: Machine) -> None:
    durations = chain([0.5] * 2_000, repeat(5.0))
    subject = machine.model("s", durations, chain([False] * 2_000, repeat(True)))
    session = Session(subject, machine.model("r", repeat(0.25)))
    samples = sample([session], Plan(budget_s=9, precision=0), machine.meter())
    assert samples.disturbed
    assert np.all(samples.subject_ms == 0.5)


def test_wholly_disturbed_measurement_keeps_its_samples_and_says_so(machine: Machine) -> None:
    session = Session(machine.model("s", repeat(5.0), repeat(True)), machine.model("r", repeat(0.25)))
    samples = sample([session], Plan(budget_s=1, precision=0.01), machine.meter())
    assert samples.disturbed
    assert np.all(samples.subject_ms == 5.0)


def test_a_host_slower_than_its_baseline_throughout_is_noticed(machine: Machine) -> None:
    plan = Plan(budget_s=2, precision=0.01, usual=Usual(0.25 * MS))
    samples = sample([machine.session(repeat(0.9), repeat(0.45))], plan, machine.meter())
    assert samples.disturbed


def test_a_boost_of_the_clock_is_waited_out(machine: Machine) -> None:
    boosted, usual = machine.session(repeat(0.48), repeat(0.2)), machine.session(repeat(0.5), repeat(0.25))
    plan = Plan(budget_s=9, precision=0.01, usual=Usual(0.25 * MS, proven=True))
    samples = sample([boosted] * 4 + [usual] * 8, plan, machine.meter())
    assert not samples.disturbed
    assert set(samples.dropped) == {Cause.BOOSTED}
    assert np.all(samples.subject_ms == 0.5)


def test_a_burst_that_slows_both_is_dropped_by_the_reference(machine: Machine) -> None:
    factor = [1.0] * 8 + [1.7]
    sessions = [machine.session(repeat(0.5 * f), repeat(0.25 * f)) for f in factor]
    samples = sample(sessions, PATIENT, machine.meter())
    assert set(samples.dropped) == {Cause.SLOWED}
    assert np.all(samples.subject_ms == 0.5)


@pytest.mark.parametrize(
    ("duration_ns", "count"), [(0, MOST_SAMPLES), (MS // 2, 24), (10**12, 1), (10_000, MOST_SAMPLES)]
)
def test_slow_models_get_fewer_samples_a_block(duration_ns: int, count: int) -> None:
    assert samples_a_block(duration_ns) == count


@pytest.mark.parametrize(
    ("duration_ns", "count"), [(0, MOST_REFILLS), (MS // 2, 16), (4 * MS, 5), (9 * MS, 3), (19 * MS, 1), (21 * MS, 0)]
)
def test_slow_models_need_fewer_refills_and_the_slowest_none(duration_ns: int, count: int) -> None:
    assert refill_runs(duration_ns) == count
