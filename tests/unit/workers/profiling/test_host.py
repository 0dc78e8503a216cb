"""Facts about the host, each against a second source."""

import os
import sys
import threading
import time
from mmap import PAGESIZE, mmap
from pathlib import Path

import psutil
import pytest

from workers.profiling import host

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
MIB = 2**20


@linux_only
def test_peak_remembers_memory_that_was_given_back() -> None:
    before = host.resident_mib()
    assert before == pytest.approx(psutil.Process().memory_info().rss / MIB, rel=0.1)
    with mmap(-1, 64 * MIB) as memory:  # malloc may keep what is freed
        for page in range(0, len(memory), PAGESIZE):
            memory[page] = 1
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


@linux_only
def test_only_threads_that_compute_gain_time() -> None:
    before = host.thread_times_ns()
    waiting, stop = threading.Event(), threading.Event()
    idle = threading.Thread(target=lambda: (waiting.set(), stop.wait()))
    idle.start()
    waiting.wait()
    end = time.thread_time_ns() + 20_000_000
    while time.thread_time_ns() < end:
        pass
    gained = {thread: ns - before.get(thread, 0) for thread, ns in host.thread_times_ns().items()}
    stop.set()
    idle.join()
    assert gained[threading.get_native_id()] >= 15_000_000
    assert idle.native_id is not None
    assert gained[idle.native_id] < 10_000_000


@linux_only
def test_stolen_time_is_that_of_the_cores_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stat = tmp_path / "stat"
    stat.write_text("cpu 9 9 9 9 9 9 9 70 0 0\ncpu0 9 9 9 9 9 9 9 30 0 0\ncpu1 9 9 9 9 9 9 9 40 0 0\nintr 5 5\n")
    monkeypatch.setattr(host, "STAT", stat)
    assert [host.stolen_ticks(cores) for cores in (None, [1], [0, 1], [7])] == [70, 40, 70, 0]
    monkeypatch.setattr(host, "STAT", tmp_path / "absent")
    assert host.stolen_ticks([0]) == 0


def test_temperature_is_of_the_hottest_zone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "THERMAL", tmp_path)
    assert host.temperature_c() is None
    for number, millidegrees in enumerate((41_000, 53_500)):
        (tmp_path / f"thermal_zone{number}").mkdir()
        (tmp_path / f"thermal_zone{number}" / "temp").write_text(f"{millidegrees}\n")
    assert host.temperature_c() == 53.5


@linux_only
def test_real_time_is_taken_where_allowed_and_given_back() -> None:
    cores = sorted(os.sched_getaffinity(0))[:1]
    with host.real_time(cores) as granted:
        assert os.sched_getscheduler(0) == (os.SCHED_RR if granted else os.SCHED_OTHER)
        assert not granted or os.cpu_count() != 1
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


def test_real_time_never_takes_the_whole_machine() -> None:
    with host.real_time(range(os.cpu_count() or 1)) as granted:
        assert not granted
    with host.real_time(None) as granted:
        assert not granted
