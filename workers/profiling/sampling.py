"""How a model is timed: warm-up until stable, then windows of short blocks in turns with the reference model.

What makes two timings of one model differ, after the machine's speed has been divided out, is mostly where its memory
happens to lie: 2 to 4 % from process to process. So every window has sessions of its own, loaded anew.

A block during which the scheduler took the core away says more about the neighbours than about the model. It is
timed again, and a round that stays disturbed is left out as long as enough others remain (`contention`).
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.profiling import host
from workers.profiling.contention import FEWEST_CLEAN_SHARE, Cause, Round, Usual, clean_share, floor_ns, sift
from workers.profiling.statistics import FEWEST_WINDOWS, is_warm, median_interval

Run = Callable[[], object]

WARMUP_WINDOW = 10
WARMUP_TOLERANCE = 0.02
WARMUP_SHARE = 0.2
"""Of the budget, at most, for each of the two models."""
WARMUP_NS = 50_000_000
"""At least, where the share allows it: a core that was idle needs as long to reach its speed."""

REFILL_NS, FEWEST_REFILLS, MOST_REFILLS = 8_000_000, 5, 20
LONGEST_REFILL_NS = 30_000_000
"""Time and runs at the beginning of a block that are not counted, the runs no fewer than FEWEST_REFILLS where these
take no longer than LONGEST_REFILL_NS: caches and branch predictors have to learn the model again after the other one.
After 6 ms of the other one the first run takes 5 to 50 % longer than in runs without end. 1 % is left after 6 ms in a
model of 0.4 ms, after 8 ms in one of 1 ms, and after five runs where weights exceed the second cache (2.6 to 8 ms). A
model slower than SLOW_NS has forgotten by itself when a run ends."""
SLOW_NS = 20_000_000
BLOCK_NS, MOST_SAMPLES = 12_000_000, 60
"""Time and runs of a block that are counted; at least one."""
TOLERATED = 0.1
"""Share of a block's runs that may have been interrupted: its median does not notice."""
ATTEMPTS = 2
"""At a block without interruption."""

WINDOW_NS = 100_000_000
WINDOWS_SHARE = 0.6
"""Of a short budget: the first LEAST_WINDOWS windows are so much shorter that they fit into this share of it."""
LEAST_WINDOWS = 10
MOST_WINDOWS = 1_000


@dataclass(frozen=True, slots=True)
class Session:
    """The subject and the reference, each loaded anew."""

    subject: Run
    reference: Run


@dataclass(frozen=True, slots=True)
class Durations:
    """About how long a warm run of each takes; the size of blocks depends on it."""

    subject_ns: int
    reference_ns: int


@dataclass(frozen=True, slots=True)
class Plan:
    """When to stop: at this relative half-width of the median's 95 % interval, or when the budget is spent.

    `usual` is what the reference takes on this host, None where nobody knows.
    """

    budget_s: float
    precision: float
    usual: Usual | None = None


@dataclass(frozen=True, slots=True)
class Meter:
    """What is read: around each run a clock in ns, around each block how often the core was taken away so far, and
    around each window how long the hypervisor has withheld it."""

    clock_ns: Callable[[], int] = time.perf_counter_ns
    interruptions: Callable[[], int] = host.involuntary_switches
    stolen: Callable[[], int] = lambda: host.stolen_ticks(None)


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive runs of one model, in ns; clean when few of them were interrupted."""

    times_ns: list[int]
    clean: bool


@dataclass(frozen=True, slots=True)
class Samples:
    """Times in ms of the rounds that count.

    subject_ms (rounds, samples a round); reference_ms (rounds): of the reference beside each; windows (rounds): in
    which each was taken; floor_ms: of the reference. `disturbed` says that too few rounds count to be trusted; where
    fewer than FEWEST_WINDOWS remained, all are here.
    """

    subject_ms: NDArray[np.float64]
    reference_ms: NDArray[np.float64]
    windows: NDArray[np.int64]
    floor_ms: float
    dropped: Counter[Cause]
    disturbed: bool
    warmup_count: int


def warm_up(run: Run, limit_ns: int, meter: Meter) -> list[int]:
    """Run until the moving median is stable or `limit_ns` is spent; at least once. Returns the times in ns."""
    times: list[int] = []
    start = now = meter.clock_ns()
    while not times or (now - start < limit_ns and not _is_ready(times, now - start)):
        before = meter.clock_ns()
        run()
        now = meter.clock_ns()
        times.append(now - before)
    return times


def _is_ready(times: list[int], spent_ns: int) -> bool:
    return spent_ns >= WARMUP_NS and is_warm(times, WARMUP_WINDOW, WARMUP_TOLERANCE)


def time_block(run: Run, duration_ns: int, meter: Meter) -> Block:
    """Time a block of a model that takes `duration_ns`, at the second attempt if the first was interrupted too often.

    Nothing but the clock is read between the runs: asking the kernel for anything slows the next run by microseconds.
    """
    count, refills = samples_a_block(duration_ns), refill_runs(duration_ns)
    times: list[int] = []
    for _ in range(ATTEMPTS):
        for _ in range(refills):
            run()
        interruptions = meter.interruptions()
        times = []
        for _ in range(count):
            before = meter.clock_ns()
            run()
            times.append(meter.clock_ns() - before)
        if meter.interruptions() - interruptions <= TOLERATED * count:
            return Block(times, clean=True)
    return Block(times, clean=False)


def sample(sessions: Sequence[Session], plan: Plan, meter: Meter | None = None) -> Samples:
    """Warm both up, then take windows of rounds until precise enough or out of budget (at least one round)."""
    meter = meter or Meter()
    start = meter.clock_ns()
    budget_ns = int(plan.budget_s * 1e9)
    limit_ns = int(budget_ns * WARMUP_SHARE)
    reference_ns = usual(warm_up(sessions[0].reference, limit_ns, meter))
    warmup = warm_up(sessions[0].subject, limit_ns, meter)
    durations = Durations(usual(warmup), reference_ns)
    window_ns = min(WINDOW_NS, int(budget_ns * WINDOWS_SHARE / LEAST_WINDOWS))
    rounds: list[Round] = []
    for window in range(MOST_WINDOWS):
        end_ns = min(start + budget_ns, meter.clock_ns() + window_ns)
        rounds += take_window(window, sessions[window % len(sessions)], durations, end_ns, meter)
        if meter.clock_ns() - start >= budget_ns:
            break
        if window + 1 >= LEAST_WINDOWS and _is_precise(rounds, plan):
            break
    return _collect(rounds, plan, len(warmup))


def take_window(window: int, session: Session, durations: Durations, end_ns: int, meter: Meter) -> list[Round]:
    """Rounds until `end_ns`; at least one."""
    stolen = meter.stolen()
    pairs: list[tuple[Block, Block]] = []
    before = time_block(session.reference, durations.reference_ns, meter)
    while not pairs or meter.clock_ns() < end_ns:
        subject = time_block(session.subject, durations.subject_ns, meter)
        pairs.append((subject, time_block(session.reference, durations.reference_ns, meter)))
    was_stolen = meter.stolen() > stolen
    rounds = []
    for subject, after in pairs:
        rounds.append(
            Round(
                window,
                tuple(subject.times_ns),
                float(np.median(before.times_ns)),
                float(np.median(after.times_ns)),
                interrupted=not (before.clean and subject.clean and after.clean),
                stolen=was_stolen,
            )
        )
        before = after
    return rounds


def usual(warmup: list[int]) -> int:
    """How long a warm run takes, in ns."""
    return int(np.median(warmup[-WARMUP_WINDOW:]))


def samples_a_block(duration_ns: int) -> int:
    """How many samples of a model that takes `duration_ns` make a block."""
    return max(1, min(MOST_SAMPLES, BLOCK_NS // max(1, duration_ns)))


def refill_runs(duration_ns: int) -> int:
    """How many runs of a model that takes `duration_ns` are not counted at the beginning of a block."""
    if duration_ns > SLOW_NS:
        return 0
    by_time, longest = (limit_ns // max(1, duration_ns) for limit_ns in (REFILL_NS, LONGEST_REFILL_NS))
    return min(MOST_REFILLS, max(1, by_time, min(FEWEST_REFILLS, longest)))


def _is_precise(rounds: list[Round], plan: Plan) -> bool:
    kept, _ = sift(rounds, plan.usual)
    if not kept:
        return False
    ratios = [float(np.median(r.subject_ns)) / r.reference_ns for r in kept]
    return median_interval(ratios, [r.window for r in kept]).relative_half_width < plan.precision


def _collect(rounds: list[Round], plan: Plan, warmup_count: int) -> Samples:
    kept, dropped = sift(rounds, plan.usual)
    disturbed = clean_share(rounds, kept) < FEWEST_CLEAN_SHARE
    if len({round_.window for round_ in kept}) < FEWEST_WINDOWS:
        disturbed, kept, dropped = disturbed or bool(dropped), rounds, Counter()
    return Samples(
        subject_ms=np.asarray([round_.subject_ns for round_ in kept]) / 1e6,
        reference_ms=np.asarray([round_.reference_ns for round_ in kept]) / 1e6,
        windows=np.asarray([round_.window for round_ in kept]),
        floor_ms=floor_ns(kept) / 1e6,
        dropped=dropped,
        disturbed=disturbed,
        warmup_count=warmup_count,
    )
