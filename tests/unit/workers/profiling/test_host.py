"""Facts about the host, each against a second source."""

import os
import sys

import numpy as np
import psutil
import pytest

from workers.profiling import host

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
MIB = 2**20


@linux_only
def test_peak_remembers_memory_that_was_given_back() -> None:
    before = host.resident_mib()
    assert before == pytest.approx(psutil.Process().memory_info().rss / MIB, rel=0.1)
    np.ones(64 * MIB, dtype=np.uint8)
    after, peak = host.resident_mib(), host.peak_resident_mib()
    assert after is not None
    assert peak is not None
    assert after < before + 32
    assert peak > before + 60


@linux_only
def test_pinning_is_reported_as_it_took_effect() -> None:
    allowed = sorted(os.sched_getaffinity(0))
    try:
        assert host.pin(allowed[:1]) == allowed[:1]
        assert os.sched_getaffinity(0) == set(allowed[:1])
    finally:
        os.sched_setaffinity(0, allowed)


def test_no_cores_means_unpinned() -> None:
    assert host.pin([]) is None


def test_clocks_tell_load_and_leave_out_what_cannot_be_read() -> None:
    clocks = host.clocks([10_000])
    assert clocks["load_average"] == pytest.approx(os.getloadavg()[0], abs=1)
    assert (clocks["governor"], clocks["frequency_mhz"]) == (None, None)
