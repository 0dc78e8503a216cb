"""Every example runs as it is; only the number of candidates, their trainings and timings are cut short."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.source import ROOT

NAS = Path(sys.executable).with_name("nas")
TIMEOUT_S = 280

pytestmark = pytest.mark.e2e


def run_example(spec: str, folder: Path, *options: str) -> dict[str, object]:
    """`nas run` on a spec of `examples/`, from an empty folder that has the examples in it."""
    (folder / "examples").symlink_to(ROOT / "examples")
    short = yaml.safe_load((ROOT / "examples" / spec).read_text())
    short["training"]["epochs"] = 1
    (folder / "short.yaml").write_text(yaml.safe_dump(short))
    command = [NAS, "run", "short.yaml", "--candidates", "1", "--json", *options]
    settings = {"NAS_HOST_LOCK_DIR": str(folder / "locks"), "NAS_MEASURE_S": "0.3", "NAS_FINAL_MEASURE_S": "1"}
    done = subprocess.run(
        command, cwd=folder, env=os.environ | settings, capture_output=True, text=True, timeout=TIMEOUT_S
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


@pytest.fixture
def folder(tmp_path: Path, cache: Path) -> Path:
    """Empty but for what is known of the machine."""
    (tmp_path / ".nas").mkdir()
    (tmp_path / ".nas" / "cache").symlink_to(cache, target_is_directory=True)
    return tmp_path


def bundles(folder: Path) -> list[Path]:
    return sorted(folder.glob("results/*/*/model.onnx"))


@pytest.mark.parametrize("spec", ["digits.yaml", "three_objectives.yaml"])
def test_an_example_on_digits_runs(spec: str, folder: Path) -> None:
    run_example(spec, folder)
    assert bundles(folder)


def test_the_image_folder_example_runs_on_the_folder_that_its_header_makes(folder: Path) -> None:
    subprocess.run([sys.executable, ROOT / "examples" / "make_image_folder.py"], cwd=folder, check=True)
    run_example("image_folder.yaml", folder)
    assert bundles(folder)


def test_the_custom_space_example_runs(folder: Path) -> None:
    run_example("custom_space/spec.yaml", folder, "--space-path", "examples/custom_space")
    assert bundles(folder)
