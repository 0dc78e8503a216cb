"""Energy of the processor packages as Intel's RAPL counters tell it (/sys/class/powercap).

Readable on bare metal and mostly by root alone; elsewhere there are no counters, and the answer is None.
"""

import time
from collections.abc import Callable
from pathlib import Path

POWERCAP = Path("/sys/class/powercap")
WINDOW_S = 0.3
"""The counters move about every millisecond, so that this resolves about one percent."""
LONGEST_RUNS = 100_000


def energy_per_run_mj(run: Callable[[], object], folder: Path = POWERCAP) -> float | None:
    """Millijoules that all packages spend while one `run` lasts, idle cores and memory controllers included."""
    counters = _counters(folder)
    if not counters:
        return None
    before = [_read(path) for path in counters]
    end, count = time.monotonic() + WINDOW_S, 0
    while time.monotonic() < end and count < LONGEST_RUNS:
        run()
        count += 1
    spent = [_spent_uj(path, start, _read(path)) for path, start in zip(counters, before, strict=True)]
    return sum(spent) / 1e3 / count


def _counters(folder: Path) -> list[Path]:
    """The readable ones of whole packages (`intel-rapl:0`); their parts are `intel-rapl:0:1`."""
    found = []
    for domain in sorted(folder.glob("intel-rapl:*")):
        if domain.name.count(":") == 1:
            try:
                _read(domain / "energy_uj")
            except OSError:
                continue
            found.append(domain / "energy_uj")
    return found


def _spent_uj(counter: Path, before: int, after: int) -> int:
    """Counters start again at zero once they have reached their range."""
    return after - before if after >= before else after - before + _read(counter.with_name("max_energy_range_uj"))


def _read(path: Path) -> int:
    return int(path.read_text())
