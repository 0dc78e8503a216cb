"""One contract for every runtime at every precision; those that cannot be used here are skipped with their reason."""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from nas_service.domain.formats import PrecisionName, RuntimeName
from nas_service.domain.spec import TargetSpec
from tests.support.runtimes import IMAGE_SHAPE, Case
from workers.profiling.measure import Effort, measure
from workers.profiling.prepare import prepared
from workers.profiling.runtimes import RUNTIMES, CompilingRuntime
from workers.profiling.runtimes.contract import Array
from workers.profiling.trial import try_out

LEAST_SNR_DB: dict[PrecisionName, float] = {"fp32": 80.0, "int8": 20.0}
"""Of the logits against torch's: fp32 differs by rounding, 8 bits carry some 40 dB and lose half on the way."""


def snr_db(found: Array, expected: Array) -> float:
    """Power of what is expected over the power of the error, in dB."""
    noise = float(np.square(found - expected).sum()) or np.finfo(np.float64).tiny
    return 10 * float(np.log10(np.square(expected - expected.mean(0)).sum() / noise))


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_every_runtime_that_a_target_may_name_is_there_under_its_name() -> None:
    assert set(RUNTIMES) == set(get_args(RuntimeName))
    assert all(runtime.name == name for name, runtime in RUNTIMES.items())


@pytest.mark.parametrize(
    "name", [name for name, runtime in RUNTIMES.items() if not isinstance(runtime, CompilingRuntime)]
)
def test_the_reference_is_the_same_model_in_every_runtime(name: str) -> None:
    if reason := RUNTIMES[name].missing():
        pytest.skip(reason)
    try_out(name)


def test_versions_name_the_library(case: Case) -> None:
    versions = case.runtime.versions()
    assert versions
    assert all(version[0].isdigit() for name, version in versions.items() if name != "gpu")


@pytest.mark.parametrize("batch_size", [1, 8])
def test_computes_what_torch_computes_for_any_batch_size(case: Case, batch_size: int) -> None:
    model = case.load()
    assert model.image_shape == IMAGE_SHAPE
    images = case.exported.images
    batches = range(0, len(images), batch_size)
    found = np.concatenate([model.run(images[start : start + batch_size]) for start in batches])
    assert found.dtype == np.float32
    assert snr_db(found, case.exported.logits) >= LEAST_SNR_DB[case.precision]


def test_running_changes_neither_file_nor_images_nor_earlier_logits_nor_later_ones(case: Case) -> None:
    before = hashes(case.exported.folder)
    images = case.exported.images.copy()
    model = case.load()
    first = model.run(images)
    kept = first.copy()
    model.run(images[::-1].copy())
    again = model.run(images)
    np.testing.assert_array_equal(first, kept)
    np.testing.assert_array_equal(again, kept)
    np.testing.assert_array_equal(images, case.exported.images)
    assert hashes(case.exported.folder) == before


def test_a_bad_file_is_refused_by_name(case: Case, tmp_path: Path) -> None:
    path = tmp_path / f"broken{case.file.suffix}"
    path.write_bytes(b"not a model")
    with pytest.raises(Exception, match="broken"):
        case.runtime.load(prepared(case.runtime, path, 1, lambda: None).model, 1)


BUSY_THREADS = """
import contextlib, json, os, sys, time
from pathlib import Path
import numpy as np
from workers.profiling.runtimes import RUNTIMES
name, *models = sys.argv[1:]
# Of a run of a millisecond nothing is left for a thread that first has to wait for a core that others use.
with contextlib.suppress(PermissionError, AttributeError):
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
def busy_ns():
    tasks = Path("/proc/self/task").iterdir()
    return {task.name: int((task / "schedstat").read_text().split()[0]) for task in tasks}
found = []
for threads, model in enumerate(models, start=1):
    loaded = RUNTIMES[name].load(Path(model), threads)
    images = np.random.default_rng(0).random((64, *loaded.image_shape), dtype=np.float32)
    loaded.run(images)
    before, start_s, busy = busy_ns(), time.process_time(), 0
    # Where that is not allowed, a second thread may wait for a while.
    while time.process_time() - start_s < (0.2 if busy >= threads else 5):
        loaded.run(images)
        spent = [after - before.get(task, 0) for task, after in busy_ns().items()]
        busy = sum(ns > max(spent) / 50 for ns in spent)
    found.append(busy)
print(json.dumps(found))
"""


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="this system does not tell what threads do")
def test_as_many_threads_compute_as_were_asked_for(fp32_case: Case) -> None:
    if fp32_case.on_gpu:
        pytest.skip("the GPU computes")
    counts = range(1, 1 + min(2, len(os.sched_getaffinity(0))))
    models = [str(prepared(fp32_case.runtime, fp32_case.file, threads, lambda: None).model) for threads in counts]
    command = [sys.executable, "-c", BUSY_THREADS, fp32_case.runtime.name, *models]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == list(counts)


def test_a_measurement_accounts_for_the_file_its_memory_and_its_loading(fp32_case: Case) -> None:
    target = TargetSpec(runtime=fp32_case.runtime.name, precision=fp32_case.precision, batch_size=2)
    before = hashes(fp32_case.exported.folder)
    result = measure(fp32_case.file, target, Effort(budget_s=0.2))
    loaded = prepared(fp32_case.runtime, fp32_case.file, 1, lambda: None)
    assert result.file_bytes == loaded.model.stat().st_size
    assert result.birthplace["compile_s"] == loaded.compile_s
    assert fp32_case.runtime.versions().items() <= result.birthplace["versions"].items()
    assert result.load_ms > 0
    assert result.peak_memory_mib is None or 0 < result.peak_memory_mib < (2048 if fp32_case.on_gpu else 400)
    assert json.loads(json.dumps(asdict(result)))
    assert hashes(fp32_case.exported.folder) == before
