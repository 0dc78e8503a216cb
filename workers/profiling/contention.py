"""Which rounds of a measurement the machine's other work has spoilt, and by what.

A round is a block of the subject between two blocks of the reference. It counts when the scheduler and the hypervisor
left the core alone, and the reference ran about as fast as it does on this host, before and after.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

DRIFTED = 0.25
SLOWED = 0.35
"""Relative; far beyond the 5 to 10 % by which blocks on a shared but quiet machine differ, well below the 70 % by which
a busy hardware sibling slows a core. In between, the ratio to the reference divides out what there is."""
BOOSTED = 0.08
"""Relative. A core that gets the clock of its sleeping neighbours serves the reference, which lives in its own cache,
more than models that wait for memory: where it gained 12 %, ratios were up to 10 % off."""
FLOOR_QUANTILE = 0.25
FEWEST_CLEAN_SHARE = 0.5
"""With a smaller share that counts, a measurement is noisy."""


class Cause(StrEnum):
    """Why a round does not count."""

    INTERRUPTED = "interrupted"
    """The scheduler took the core away again and again."""
    STOLEN = "stolen"
    """The hypervisor gave the core to somebody else."""
    DRIFTED = "drifted"
    """The reference ran much faster or slower after the subject than before."""
    SLOWED = "slowed"
    """The reference ran much slower than it does on this host."""
    BOOSTED = "boosted"
    """The reference ran faster than it does on this host, by many measurements' word."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What the reference takes here, in ns; `proven` where that is more than one minute's word."""

    reference_ns: float
    proven: bool = False


@dataclass(frozen=True, slots=True)
class Round:
    """Times in ns of the subject's block, and the medians of the reference's blocks before and after it."""

    window: int
    subject_ns: tuple[int, ...]
    before_ns: float
    after_ns: float
    interrupted: bool
    stolen: bool

    @property
    def reference_ns(self) -> float:
        return (self.before_ns + self.after_ns) / 2


def floor_ns(rounds: Sequence[Round]) -> float:
    """What the reference takes while little disturbs it: the lower quartile of its medians over windows."""
    windows: dict[int, list[float]] = {}
    for round_ in rounds:
        windows.setdefault(round_.window, []).append(round_.reference_ns)
    return float(np.quantile([np.median(times) for times in windows.values()], FLOOR_QUANTILE))


def cause(round_: Round, usual: Usual) -> Cause | None:
    """Why the round does not count; None where it does."""
    if round_.interrupted:
        return Cause.INTERRUPTED
    if round_.stolen:
        return Cause.STOLEN
    if abs(round_.before_ns - round_.after_ns) > DRIFTED * min(round_.before_ns, round_.after_ns):
        return Cause.DRIFTED
    if round_.reference_ns > (1 + SLOWED) * usual.reference_ns:
        return Cause.SLOWED
    if usual.proven and round_.reference_ns < (1 - BOOSTED) * usual.reference_ns:
        return Cause.BOOSTED
    return None


def sift(rounds: Sequence[Round], usual: Usual | None) -> tuple[list[Round], Counter[Cause]]:
    """The rounds that count, and how many do not by cause. `usual` None: as fast as the reference ran in them."""
    usual = usual or Usual(floor_ns(rounds))
    found = [cause(round_, usual) for round_ in rounds]
    kept = [round_ for round_, why in zip(rounds, found, strict=True) if why is None]
    return kept, Counter(why for why in found if why is not None)


def clean_share(rounds: Sequence[Round], kept: Sequence[Round]) -> float:
    """The share of `rounds` that was kept, every window counted alike: disturbed rounds are long, and so are few."""
    of, left = (Counter(round_.window for round_ in some) for some in (rounds, kept))
    return float(np.mean([left[window] / count for window, count in of.items()]))
