"""Every example runs as it is; only the number of candidates, their trainings and timings are cut short."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.service import RunningService
from tests.support.source import ROOT

NAS = Path(sys.executable).with_name("nas")
TIMEOUT_S = 480

pytestmark = pytest.mark.e2e


def run_example(spec: str, folder: Path, *options: str) -> list[Path]:
    """`nas run` on a spec of `examples/` from a folder; returns the models that it put there."""
    short = yaml.safe_load((ROOT / "examples" / spec).read_text())
    short["training"]["epochs"] = 1
    (folder / "short.yaml").write_text(yaml.safe_dump(short))
    command = [NAS, "run", "short.yaml", "--candidates", "1", "--json", *options]
    settings = {
        "NAS_HOST_LOCK_DIR": str(folder / "locks"),
        "NAS_MEASURE_S": "0.3",
        "NAS_FINAL_MEASURE_S": "0.3",
        "NAS_WORKERS": "1",
        "NAS_TORCH_THREADS": "1",
    }
    done = subprocess.run(
        command, cwd=folder, env=os.environ | settings, capture_output=True, text=True, timeout=TIMEOUT_S
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["search"]["status"] == "SUCCEEDED"
    return sorted(folder.glob("results/*/*/model.onnx"))


@pytest.mark.parametrize("spec", ["digits.yaml", "three_objectives.yaml"])
def test_an_example_on_digits_runs(spec: str, service: RunningService, tmp_path: Path) -> None:
    """In a service that runs already: starting one for each would take longer than the searches."""
    assert run_example(spec, tmp_path, "--url", service.url)


def test_the_image_folder_example_runs_on_the_folder_that_its_header_makes(
    service: RunningService, data_root: Path
) -> None:
    subprocess.run([sys.executable, ROOT / "examples" / "make_image_folder.py"], cwd=data_root, check=True)
    assert run_example("image_folder.yaml", data_root, "--url", service.url)


def test_the_custom_space_example_runs(tmp_path: Path, cache: Path) -> None:
    (tmp_path / ".nas").mkdir()
    (tmp_path / ".nas" / "cache").symlink_to(cache, target_is_directory=True)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    assert run_example("custom_space/spec.yaml", tmp_path, "--space-path", "examples/custom_space")
