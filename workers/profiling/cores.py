"""Which cores a measurement is pinned to: the least busy ones, no two of them halves of one physical core."""

import os
from collections.abc import Mapping
from pathlib import Path

import psutil

from nas_service.domain.errors import PermanentError

BUSY_INTERVAL_S = 0.1
SIBLINGS = "/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list"


def cores_for(threads: int) -> tuple[int, ...]:
    """Cores for `threads` threads out of those this process may use; none where the system cannot pin.

    Raises PermanentError when there are fewer cores than threads.
    """
    if not hasattr(os, "sched_getaffinity"):
        return ()
    allowed = os.sched_getaffinity(0)
    if threads > len(allowed):
        raise PermanentError(
            "too-few-cores",
            f"target.threads is {threads}, but only {len(allowed)} cores may be used here; ask for fewer threads",
        )
    busy = psutil.cpu_percent(interval=BUSY_INTERVAL_S, percpu=True)
    return choose_cores(threads, {core: busy[core] for core in allowed}, {c: siblings(c) for c in allowed})


def choose_cores(
    count: int, busy_percent: Mapping[int, float], siblings_of: Mapping[int, frozenset[int]]
) -> tuple[int, ...]:
    """`count` of the cores in `busy_percent`, ascending.

    Quiet physical cores first (a busy sibling slows a core as much as its own work), busy compared in steps of
    10 %, then high numbers, because interrupts tend to be served by the low ones. A sibling of a chosen core is
    taken only when nothing else is left.
    """

    def quietness(core: int) -> tuple[int, int]:
        busiest = max(busy_percent.get(sibling, 0.0) for sibling in siblings_of[core] | {core})
        return round(busiest / 10), -core

    ordered = sorted(busy_percent, key=quietness)
    first_halves: list[int] = []
    second_halves: list[int] = []
    for core in ordered:
        taken = siblings_of[core] & set(first_halves)
        (second_halves if taken else first_halves).append(core)
    return tuple(sorted((first_halves + second_halves)[:count]))


def siblings(core: int) -> frozenset[int]:
    """The logical cores that share `core`'s physical one, itself included."""
    path = Path(SIBLINGS.format(core=core))
    return parse_cpu_list(path.read_text()) if path.exists() else frozenset({core})


def parse_cpu_list(text: str) -> frozenset[int]:
    """Linux's list format: `0,4-6` is {0, 4, 5, 6}."""
    cores: set[int] = set()
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        cores.update(range(int(first), int(last or first) + 1))
    return frozenset(cores)
