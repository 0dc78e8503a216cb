"""Measurements in real harness processes, and what becomes of the process when things go wrong."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from nas_service.domain.errors import PermanentError, RetryableError
from nas_service.domain.spec import TargetSpec
from workers.profiling.measure import Effort, HarnessDiedError, ModelRefusedError, Surroundings, measure
from workers.profiling.measurement import MeasurementResult
from workers.profiling.reference import reference_model

SHORT = Effort(budget_s=0.3, limit_s=60)
ENDLESS = Effort(precision=0, budget_s=600, limit_s=600)
"""With a large batch: some minutes of sampling."""
LARGE = TargetSpec(batch_size=512)


@pytest.fixture
def model_path(tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(reference_model())
    return path


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> MeasurementResult:
    path = tmp_path_factory.mktemp("models") / "model.onnx"
    path.write_bytes(reference_model())
    return measure(path, TargetSpec(batch_size=2), SHORT)


def harnesses() -> list[psutil.Process]:
    """Harness processes below this one."""
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "workers.profiling.harness" in child.cmdline()]


def test_result_is_a_distribution_with_its_interval(result: MeasurementResult) -> None:
    assert result.sample_count == len(result.samples_ms) > 0
    assert result.sample_count % result.samples_per_block == 0
    assert result.ci95_low_ms is not None
    assert result.ci95_high_ms is not None
    assert 0 < result.ci95_low_ms <= result.median_ms <= result.ci95_high_ms
    assert result.p10_ms <= result.p90_ms <= result.p99_ms
    assert min(result.samples_ms) <= result.median_ms <= max(result.samples_ms)
    assert result.warmup_count >= 1
    assert result.duration_s > 0
    assert result.load_ms > 0


def test_throughput_is_measured_where_it_is_asked_for(model_path: Path, result: MeasurementResult) -> None:
    assert result.throughput == []
    found = measure(model_path, TargetSpec(), replace(SHORT, throughput=True)).throughput
    assert [entry["batch_size"] for entry in found] == [1, 8, 32, 64]
    assert all(entry["images_per_s"] > 0 for entry in found)


def test_result_travels_as_json(result: MeasurementResult) -> None:
    assert MeasurementResult(**json.loads(json.dumps(result.to_dict()))) == result


def test_without_a_baseline_a_latency_is_told_as_it_was_timed(result: MeasurementResult) -> None:
    assert result.baseline is None
    assert result.median_ms == pytest.approx(result.timed_median_ms)


def test_latencies_of_one_host_are_told_in_one_baseline(model_path: Path, tmp_path: Path) -> None:
    around = Surroundings(baseline_dir=tmp_path / "host")
    first, second = (measure(model_path, TargetSpec(), SHORT, around) for _ in range(2))
    assert first.baseline is not None
    assert second.baseline == first.baseline | {"measurements": second.baseline["measurements"]}
    assert first.baseline["version"] == 1
    for result in (first, second):
        assert result.median_ms == pytest.approx(result.reference_ratio * first.baseline["reference_ms"])
        assert result.ci95_low_ms is None or result.ci95_low_ms <= result.median_ms


def test_every_sample_and_its_reference_is_kept(result: MeasurementResult) -> None:
    rounds = np.asarray(result.samples_ms).reshape(-1, result.samples_per_block)
    assert len(result.references_ms) == len(rounds)
    ratios = np.median(rounds, axis=1) / np.asarray(result.references_ms)
    assert result.reference_ratio == pytest.approx(np.median(ratios), rel=1e-4)
    assert result.timed_median_ms == pytest.approx(np.median(np.median(rounds, axis=1)), rel=1e-4)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="this system does not tell")
def test_the_thread_asked_for_computed_and_no_other(result: MeasurementResult) -> None:
    assert result.birthplace["computing_threads"] == 1


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="this system does not tell")
@pytest.mark.parametrize(("allowed", "refused"), [(1, True), (2, False)])
def test_a_runtime_that_computes_on_more_threads_than_asked_for_is_refused(allowed: int, refused: bool) -> None:
    code = (
        "import sys, threading\n"
        "from workers.profiling.harness import threads_in_effect\n"
        "turns = [threading.Semaphore(), threading.Semaphore(0)]\n"
        "def work(turn):\n"
        "    turns[turn].acquire(); sum(range(100_000)); turns[1 - turn].release()\n"
        "def help_out():\n"
        "    while True: work(1)\n"
        "threading.Thread(target=help_out, daemon=True).start()\n"
        f"print(threads_in_effect(lambda: work(0), {allowed}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert ("2 threads computed, but target.threads is 1" in done.stderr) == refused
    assert (done.stdout == "2\n") != refused


def test_birthplace_says_where_and_how_the_samples_were_taken(result: MeasurementResult) -> None:
    birthplace = result.birthplace
    assert set(birthplace["versions"]) == {"python", "numpy", "onnxruntime"}
    assert (birthplace["runtime"], birthplace["precision"]) == ("onnxruntime", "fp32")
    assert (birthplace["threads"], birthplace["batch_size"]) == (1, 2)
    assert birthplace["device_id"]
    assert birthplace["cpu"]
    assert birthplace["load_average"] >= 0
    assert birthplace["involuntary_switches"] >= 0
    assert birthplace["started_at"].endswith("+00:00")


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system cannot pin")
def test_process_is_pinned_to_as_many_cores_as_threads(result: MeasurementResult) -> None:
    (core,) = result.birthplace["pinned_cores"]
    assert core in os.sched_getaffinity(0)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system does not tell")
def test_peak_memory_is_of_the_model_and_not_of_the_starting_process(result: MeasurementResult) -> None:
    """The reference needs a few MiB and the runtime's session a dozen; this process holds more than that."""
    ours_mib = psutil.Process().memory_info().rss / 2**20
    assert result.peak_memory_mib is not None
    assert 1 < result.peak_memory_mib < ours_mib


def test_batch_of_two_costs_more_than_the_reference_of_one(result: MeasurementResult) -> None:
    """The model timed is the reference itself, so the ratio is the batch size, more or less."""
    assert 1.2 < result.reference_ratio < 4


def test_measuring_does_not_change_the_file(model_path: Path) -> None:
    before = model_path.read_bytes()
    modified = model_path.stat().st_mtime_ns
    measure(model_path, TargetSpec(), SHORT)
    assert model_path.read_bytes() == before
    assert model_path.stat().st_mtime_ns == modified
    assert os.listdir(model_path.parent) == [model_path.name]


def test_harness_imports_no_torch() -> None:
    code = "import workers.profiling.harness, sys; sys.exit('torch' in sys.modules or 'onnx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_harness_refuses_to_time_beside_torch() -> None:
    code = (
        "import sys, types; sys.modules['torch'] = types.ModuleType('torch')\n"
        "from workers.profiling import harness, runtimes\n"
        "harness.refuse_strangers(runtimes.RUNTIMES['onnxruntime'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "torch was imported by the harness" in done.stderr


def test_broken_model_is_refused_for_good(tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(ModelRefusedError, match="onnxruntime refuses broken.onnx") as caught:
        measure(path, TargetSpec(), SHORT)
    assert isinstance(caught.value, PermanentError)


def test_missing_file_is_an_error_before_any_process_starts(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        measure(tmp_path / "absent.onnx", TargetSpec(), SHORT)


def test_measurement_beyond_its_limit_is_killed_and_may_be_retried(model_path: Path) -> None:
    with pytest.raises(HarnessDiedError, match="no result within 1 s") as caught:
        measure(model_path, LARGE, replace(ENDLESS, limit_s=1))
    assert isinstance(caught.value, RetryableError)
    assert harnesses() == []


def kill_once_running() -> Callable[[], None]:
    def kill() -> None:
        for harness in harnesses():
            harness.kill()

    return kill


def test_killed_harness_is_reported_with_its_exit_status(model_path: Path) -> None:
    with pytest.raises(HarnessDiedError, match="exit status -9"):
        measure(model_path, LARGE, ENDLESS, Surroundings(on_wait=kill_once_running()))


def test_the_host_is_taken_only_while_the_harness_samples(model_path: Path) -> None:
    seen: list[str] = []

    @contextmanager
    def alone() -> Iterator[None]:
        (harness,) = harnesses()
        seen.append("taken" if "onnxruntime" in "".join(m.path for m in harness.memory_maps()) else "too early")
        yield
        seen.append("left")

    measure(model_path, TargetSpec(), SHORT, Surroundings(alone=alone))
    assert seen == ["taken", "left"]


class CancelledError(Exception):
    """What a caller raises to abandon a measurement."""


def test_harness_sees_neither_training_settings_nor_secrets(model_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALLOC_ARENA_MAX", "1")
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.mmap_max=0")
    monkeypatch.setenv("NAS_DATABASE_URL", "postgresql://user:secret@host/nas")
    environments: list[dict[str, str]] = []

    def look() -> None:
        environments.extend(harness.environ() for harness in harnesses())
        raise CancelledError

    with pytest.raises(CancelledError):
        measure(model_path, LARGE, ENDLESS, Surroundings(on_wait=look))
    (environment,) = environments
    assert "PATH" in environment
    assert not {"GLIBC_TUNABLES", "MALLOC_ARENA_MAX", "NAS_DATABASE_URL"} & set(environment)


def test_measurement_can_be_abandoned_and_leaves_no_process_not_even_a_hung_one(model_path: Path) -> None:
    seen: list[int] = []

    def cancel() -> None:
        for harness in harnesses():
            seen.append(harness.pid)
            harness.suspend()
        raise CancelledError

    with pytest.raises(CancelledError):
        measure(model_path, LARGE, ENDLESS, Surroundings(on_wait=cancel))
    assert seen
    assert not any(psutil.pid_exists(pid) for pid in seen)


PARENT = """
import sys
from dataclasses import replace
from pathlib import Path
import psutil
from nas_service.domain.spec import TargetSpec
from workers.profiling.measure import Effort, Surroundings, measure
def announce():
    (harness,) = psutil.Process().children()
    if harness.num_threads() > 1:
        print("timing", flush=True)
effort = Effort(precision=0, budget_s=600, limit_s=600)
measure(Path(sys.argv[1]), TargetSpec(batch_size=512), effort, Surroundings(on_wait=announce))
"""


def test_harness_exits_when_its_parent_is_killed(model_path: Path) -> None:
    """By then it has a second thread, so it has read its job and is at work."""
    with subprocess.Popen([sys.executable, "-c", PARENT, str(model_path)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"timing\n"
        (harness,) = psutil.Process(parent.pid).children()
        parent.kill()
    assert psutil.wait_procs([harness], timeout=30)[1] == [], "the harness outlived its parent"
