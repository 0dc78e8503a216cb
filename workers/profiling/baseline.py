"""What the reference model takes on this host while nothing disturbs it: the unit that latencies are told in.

A shared machine runs for seconds or hours at a fraction of its speed, and a time alone does not tell. The ratio to the
reference, timed in turns with the model, does; times the baseline it is a latency again. So that latencies of one host
compare, the baseline is found once for each runtime, its versions and its number of threads, kept in a file that all
processes of the host share. The first one is only as good as the minute that it was found in: every measurement adds
to what is known, and a next version follows when that proves it wrong, or the host to be of another speed. Results name
the version they were told in, and keep it; a search tells all of its own in one. Standard library only: the harness
imports it.
"""

import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

RECENT, FEWEST = 1_000, 30
"""Measurements that together tell of the host's speed, at most and at least. Ten are off by 3 %, by slow minutes and by
boosted clocks. The last hundred cover five minutes of one search, and were once 5 % off what the next forty took."""
QUIET_SHARE = 0.25
"""Of them that met an undisturbed host: the baseline is this quantile of what the reference took in each."""
WRONG = 0.02
"""Relative: a quantile farther from the baseline than that refutes it, if it is better known."""
BETTER_KNOWN = 2
"""So many times the measurements that have said a version, or RECENT, refute it."""
LATELY, CHANGED = 100, 0.05
"""Where the quantile of so many last measurements stays so far off, on one side, the host has become another one."""
FASTER_S, SLOWER_S = 3_600.0, 86_400.0
"""For so long. Neighbours slow a host down for hours; a boosted clock lasts for minutes."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """A version of it. `reference_ms` is the reference's undisturbed latency."""

    version: int
    reference_ms: float
    established_at_s: float
    """Seconds since 1970."""
    measurements: int = 1
    """That have said so."""

    @property
    def is_proven(self) -> bool:
        """Whether it is more than the word of a minute."""
        return self.measurements >= FEWEST


class BaselineFile:
    """The baseline under `facts` (device, runtime, versions, threads, reference), in `folder`.

    Read and written under the host's lock, by one timing at a time.
    """

    def __init__(self, folder: Path, facts: Mapping[str, Any]) -> None:
        content = json.dumps(facts, sort_keys=True)
        self._path = folder / f"baseline-{hashlib.sha256(content.encode()).hexdigest()[:16]}.json"
        self._facts = dict(facts)
        document = self._read()
        self._versions = [Baseline(**version) for version in document.get("versions", [])]
        self._recent_ms: list[float] = document.get("recent_ms", [])
        self._changing: tuple[bool, float] | None = document.get("changing")
        """Whether the host seems faster, and since when."""

    @property
    def current(self) -> Baseline | None:
        """The latest version; None on a host that has none yet."""
        return self._versions[-1] if self._versions else None

    def note(self, reference_ms: float, now_s: float | None = None) -> Baseline:
        """Take in the reference's median in one measurement; returns the baseline that holds from now on."""
        now_s = time.time() if now_s is None else now_s
        current = self.current
        if current is None:
            return self._establish(reference_ms, now_s)
        self._recent_ms = [*self._recent_ms, reference_ms][-RECENT:]
        if self._has_changed(current, now_s):
            self._recent_ms = self._recent_ms[-LATELY:]
            return self._establish(self._usual_ms(), now_s, len(self._recent_ms))
        usual_ms, known = self._usual_ms(), len(self._recent_ms)
        if abs(usual_ms / current.reference_ms - 1) <= WRONG:
            current = replace(current, measurements=max(current.measurements, known))
            self._versions[-1] = current
        elif known >= max(FEWEST, min(RECENT, BETTER_KNOWN * current.measurements)):
            return self._establish(usual_ms, now_s, known)
        self._write()
        return current

    def _usual_ms(self, last: int = RECENT) -> float:
        """What the reference takes while little disturbs it, by the last measurements."""
        taken = sorted(self._recent_ms[-last:])
        return taken[int(QUIET_SHARE * len(taken))]

    def _has_changed(self, current: Baseline, now_s: float) -> bool:
        """Whether the host has been faster or slower than the baseline for long."""
        ratio = self._usual_ms(LATELY) / current.reference_ms
        if abs(ratio - 1) <= CHANGED or len(self._recent_ms) < FEWEST:
            self._changing = None
            return False
        faster = ratio < 1
        if self._changing is None or self._changing[0] != faster:
            self._changing = (faster, now_s)
        return now_s - self._changing[1] >= (FASTER_S if faster else SLOWER_S)

    def _read(self) -> dict[str, Any]:
        if not self._path.exists():
            return {}
        try:
            found: dict[str, Any] = json.loads(self._path.read_text())
        except ValueError as error:
            raise RuntimeError(f"{self._path} is no JSON ({error}); delete it, it is made again") from error
        return found

    def _establish(self, reference_ms: float, now_s: float, measurements: int = 1) -> Baseline:
        self._versions.append(Baseline(len(self._versions) + 1, reference_ms, now_s, measurements))
        self._changing = None
        self._write()
        return self._versions[-1]

    def _write(self) -> None:
        """A reader sees the whole file or none."""
        document = {
            "facts": self._facts,
            "versions": [asdict(version) for version in self._versions],
            "recent_ms": self._recent_ms,
            "changing": self._changing,
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._path.with_suffix(".part")
        unfinished.write_text(json.dumps(document))
        os.replace(unfinished, self._path)
