"""The host lock between real processes: order by what they report and by the system-wide monotonic clock."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from workers.profiling.host_lock import ROOM, HostBusyError, TrainingPass, timing
from workers.profiling.lock_holders import all_stopped, holders

PRELUDE = """
import json, sys, time
from pathlib import Path
from workers.profiling.host_lock import TrainingPass, timing
folder = Path(sys.argv[1])
told = set()
def tell(event, **facts):
    print(json.dumps({"event": event, "at": time.monotonic_ns(), **facts}), flush=True)
def tell_once(event):
    if event not in told:
        told.add(event)
        tell(event)
def obey():
    return sys.stdin.readline().strip()
"""

TRAINER = """
with TrainingPass(folder, on_wait=lambda: tell_once("paused")) as training:
    tell("training")
    while obey() == "step":
        training.step()
        tell("stepped", paused_s=training.paused_s)
"""

TIMER = """
with timing(folder, 60, on_wait=lambda: tell_once("waiting")):
    tell("timing")
    obey()
    tell("done")
tell("left")
"""

BUSY_TRAINER = """
with TrainingPass(folder) as training:
    tell("training")
    steps = []
    end = time.monotonic() + 30
    while time.monotonic() < end and not (folder / "stop").exists():
        training.step()
        start = time.monotonic_ns()
        sum(range(20_000))
        steps.append((start, time.monotonic_ns()))
tell("end", busy=steps)
"""

BUSY_TIMER = """
timings = []
for _ in range(10):
    with timing(folder, 60):
        start = time.monotonic_ns()
        sum(range(20_000))
        timings.append((start, time.monotonic_ns()))
tell("end", busy=timings)
"""


class Actor:
    """A process that reports events as lines of JSON and takes one-word orders."""

    def __init__(self, code: str, folder: Path) -> None:
        command = [sys.executable, "-c", PRELUDE + code, str(folder)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def order(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(word + "\n")

    def expect(self, event: str) -> dict[str, Any]:
        """The next event, which must be this one."""
        assert self.process.stdout is not None
        report: dict[str, Any] = json.loads(self.process.stdout.readline())
        assert report["event"] == event
        return report

    def expect_last(self, event: str) -> None:
        """This event, after whatever else is reported before it."""
        assert self.process.stdout is not None
        assert any(json.loads(line)["event"] == event for line in self.process.stdout)


@pytest.fixture
def actors(tmp_path: Path) -> Iterator[Any]:
    started: list[Actor] = []

    def start(code: str) -> Actor:
        started.append(Actor(code, tmp_path))
        return started[-1]

    yield start
    for actor in started:
        actor.process.kill()
        actor.process.communicate()


def test_training_pauses_at_its_next_step_and_resumes_when_timing_is_done(actors: Any) -> None:
    trainer = actors(TRAINER)
    trainer.expect("training")
    timer = actors(TIMER)
    timer.expect("waiting")
    trainer.order("step")
    trainer.expect("paused")
    timer.expect("timing")
    timer.order("finish")
    done = timer.expect("done")
    stepped = trainer.expect("stepped")
    assert stepped["at"] > done["at"]
    assert stepped["paused_s"] > 0


def test_training_does_not_pause_when_nobody_waits(actors: Any) -> None:
    trainer = actors(TRAINER)
    trainer.expect("training")
    for _ in range(3):
        trainer.order("step")
        trainer.expect("stepped")


def test_training_that_starts_during_timing_waits_for_its_end(actors: Any) -> None:
    timer = actors(TIMER)
    timer.expect("timing")
    trainer = actors(TRAINER)
    trainer.expect("paused")
    timer.order("finish")
    done = timer.expect("done")
    assert trainer.expect("training")["at"] > done["at"]


def test_two_trainings_run_side_by_side(actors: Any) -> None:
    for trainer in (actors(TRAINER), actors(TRAINER)):
        trainer.expect("training")
        trainer.order("step")
        trainer.expect("stepped")


def test_timings_never_overlap_with_each_other_or_with_a_training_step(actors: Any, tmp_path: Path) -> None:
    trainers = [actors(BUSY_TRAINER), actors(BUSY_TRAINER)]
    for trainer in trainers:
        trainer.expect("training")
    timers = [actors(BUSY_TIMER), actors(BUSY_TIMER), actors(BUSY_TIMER)]
    timings = sorted(interval for timer in timers for interval in timer.expect("end")["busy"])
    (tmp_path / "stop").touch()
    steps = [interval for trainer in trainers for interval in trainer.expect("end")["busy"]]
    assert len(timings) == 30
    assert len(steps) > 2
    for (_, end), (next_start, _) in zip(timings, timings[1:], strict=False):
        assert end <= next_start
    for start, end in steps:
        assert not any(start < timing_end and timing_start < end for timing_start, timing_end in timings)


@pytest.mark.parametrize(
    ("waiter", "waits", "goes_on"), [(TRAINER, "paused", "training"), (TIMER, "waiting", "timing")]
)
def test_killed_timing_frees_the_host(actors: Any, waiter: str, waits: str, goes_on: str) -> None:
    timer = actors(TIMER)
    timer.expect("timing")
    next_one = actors(waiter)
    next_one.expect(waits)
    timer.process.kill()
    next_one.expect(goes_on)


def test_killed_training_frees_the_host(actors: Any) -> None:
    trainer = actors(TRAINER)
    trainer.expect("training")
    timer = actors(TIMER)
    timer.expect("waiting")
    trainer.process.kill()
    timer.expect("timing")


def test_training_that_does_not_step_makes_timing_give_up_in_time(tmp_path: Path) -> None:
    with TrainingPass(tmp_path) as training:
        with pytest.raises(HostBusyError, match="trainings did not make room"), timing(tmp_path, 0.02):
            pytest.fail("timing ran beside training")
        training.step()


def test_second_timing_gives_up_in_time(tmp_path: Path) -> None:
    with (
        timing(tmp_path, 1),
        pytest.raises(HostBusyError, match="other timings did not make room"),
        timing(tmp_path, 0.02),
    ):
        pytest.fail("two timings at once")


class CancelledError(Exception):
    """What a caller raises to leave a pause."""


def test_paused_training_can_be_cancelled_and_holds_nothing_afterwards(actors: Any, tmp_path: Path) -> None:
    def cancel() -> None:
        raise CancelledError

    with TrainingPass(tmp_path, on_wait=cancel) as training:
        timer = actors(TIMER)
        timer.expect("waiting")
        with pytest.raises(CancelledError):
            training.step()
    timer.expect("timing")


def test_training_cancelled_before_it_starts_holds_nothing(tmp_path: Path) -> None:
    def cancel() -> None:
        raise CancelledError

    open_files = psutil.Process().num_fds()
    with timing(tmp_path, 1), pytest.raises(CancelledError), TrainingPass(tmp_path, on_wait=cancel):
        pytest.fail("training beside timing")
    assert psutil.Process().num_fds() == open_files
    with timing(tmp_path, 1):
        pass


linux_only = pytest.mark.skipif(not Path("/proc/locks").exists(), reason="this system does not tell who holds a lock")


@linux_only
def test_a_stopped_training_holds_up_no_timing_and_pauses_at_its_next_step_when_continued(actors: Any) -> None:
    trainer = actors(TRAINER)
    trainer.expect("training")
    trainer.process.send_signal(signal.SIGSTOP)
    timer = actors(TIMER)
    timer.expect("timing")
    trainer.order("step")
    trainer.process.send_signal(signal.SIGCONT)
    trainer.expect("paused")
    timer.order("finish")
    done = timer.expect("done")
    assert trainer.expect("stepped")["at"] > done["at"]


@linux_only
def test_a_stopped_training_does_not_make_room_for_one_that_computes(actors: Any) -> None:
    stopped, running = actors(TRAINER), actors(TRAINER)
    for trainer in (stopped, running):
        trainer.expect("training")
    stopped.process.send_signal(signal.SIGSTOP)
    timer = actors(TIMER)
    timer.expect("waiting")
    running.order("step")
    running.expect("paused")
    timer.expect("timing")


@linux_only
@pytest.mark.parametrize(("waiter", "goes_on"), [(TRAINER, "training"), (TIMER, "timing")])
def test_a_stopped_timing_is_not_waited_for_without_end(actors: Any, waiter: str, goes_on: str) -> None:
    timer = actors(TIMER)
    timer.expect("timing")
    timer.process.send_signal(signal.SIGSTOP)
    actors("import workers.profiling.host_lock as host_lock\nhost_lock.STOPPED_TIMING_S = 0.2\n" + waiter).expect_last(
        goes_on
    )


def test_a_lock_in_use_is_nobody_stopped(tmp_path: Path) -> None:
    with TrainingPass(tmp_path), (tmp_path / ROOM).open() as file:
        assert holders(file.fileno()) == {os.getpid()}
        assert not all_stopped(file.fileno()), "the only holder is this process"
