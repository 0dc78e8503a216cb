"""`nas run` from spec to bundles, with real processes: begun, interrupted, resumed, killed."""

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

NAS = Path(sys.executable).with_name("nas")
TIMEOUT_S = 300.0

SPEC = """\
name: two networks
dataset: {name: digits}
budget: {candidates: 2, parallelism: 1}
space:
  preset: tiny
  choices: {resolution: [8], stages: [3], width_multiplier: [0.5], depth_multiplier: [1.0], stem_width: [8]}
training: {epochs: 3}
finalize: {timings: 1}
"""

pytestmark = pytest.mark.e2e


@pytest.fixture
def folder(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a spec, in which `nas` has its home."""
    (tmp_path / "spec.yaml").write_text(SPEC)
    (tmp_path / ".nas").mkdir()
    (tmp_path / ".nas" / "cache").symlink_to(cache, target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NAS_WORKERS", "1")
    monkeypatch.setenv("NAS_TORCH_THREADS", "1")
    monkeypatch.setenv("NAS_MEASURE_S", "0.3")
    monkeypatch.setenv("NAS_FINAL_MEASURE_S", "0.3")
    # No test cares how long a network takes, so none waits until the rest of the machine is quiet.
    monkeypatch.setenv("NAS_HOST_LOCK_DIR", str(tmp_path / "locks"))
    return tmp_path


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`nas run`, with its lines readable; killed at the latest when the block ends."""
    command = [NAS, "run", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """The first line that contains `text`."""
    assert process.stdout is not None
    for line in process.stdout:
        if text in line:
            return line
    raise AssertionError(f"{text!r} never came: {process.stderr.read() if process.stderr else ''}")


def service_processes(folder: Path) -> list[psutil.Process]:
    """The supervisor and all its children."""
    supervisor = psutil.Process(json.loads((folder / ".nas" / "service.json").read_text())["pid"])
    return [supervisor, *supervisor.children(recursive=True)]


def results_of(folder: Path, document: dict[str, Any]) -> list[Path]:
    """The bundles, after checking that folder, tables and document agree."""
    results = folder / "results" / "two-networks"
    rows = list(csv.DictReader((results / "front.csv").read_text().splitlines()))
    assert json.loads((results / "search.json").read_text())["id"] == document["search"]["id"]
    assert [row["architecture_key"] for row in rows] == [row["architecture_key"] for row in document["front"]]
    assert len(json.loads((results / "front.json").read_text())) == len(rows)
    bundles = [results / row["folder"] for row in rows]
    assert sorted(bundles) == sorted(path for path in results.iterdir() if path.is_dir())
    return bundles


def test_a_search_is_paused_by_ctrl_c_and_resumed_to_its_bundles(folder: Path) -> None:
    with running("spec.yaml") as process:
        search_id = read_until(process, ": searching").split()[0]
        family = service_processes(folder)
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 130
    assert f"nas run --resume {search_id}" in rest
    assert psutil.wait_procs(family, timeout=TIMEOUT_S)[1] == []

    resume = [NAS, "run", "--resume", search_id, "--json"]
    done = subprocess.run(resume, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert done.returncode == 0, done.stderr
    assert f"{search_id} two networks: succeeded" in done.stderr
    document = json.loads(done.stdout)
    assert document["search"]["status"] == "SUCCEEDED"
    assert document["search"]["candidate_count"] == 2
    bundles = results_of(folder, document)
    assert len(bundles) >= 1
    for bundle in bundles:
        assert {"model.onnx", "weights.safetensors", "architecture.json", "card.json"} <= set(os.listdir(bundle))
    assert not (folder / ".nas" / "service.json").exists()

    verified = subprocess.run([NAS, "verify", *bundles, "--json"], capture_output=True, text=True, timeout=TIMEOUT_S)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert json.loads(verified.stdout)["agrees"] is True


def test_a_second_ctrl_c_leaves_at_once_and_leaves_nothing_running(folder: Path) -> None:
    with running("spec.yaml", "--candidates", "1") as process:
        read_until(process, ": searching")
        family = service_processes(folder)
        process.send_signal(signal.SIGINT)
        read_until(process, "pausing")
        process.send_signal(signal.SIGINT)
        assert process.wait(TIMEOUT_S) == 130
        assert psutil.wait_procs(family, timeout=TIMEOUT_S)[1] == []


def test_a_service_that_dies_under_a_search_is_started_again(folder: Path) -> None:
    with running("spec.yaml", "--candidates", "1", "--json") as process:
        assert process.stderr is not None
        search_id = next(line for line in process.stderr if ": searching" in line).split()[0]
        for member in service_processes(folder):
            with suppress(psutil.NoSuchProcess):  # children end with the first of them
                member.kill()
        out, notes = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0, notes
    assert "starting it again" in notes
    assert json.loads(out)["search"]["id"] == search_id
