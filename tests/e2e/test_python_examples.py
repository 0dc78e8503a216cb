"""The examples in Python, against a running service with real workers."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.service import RunningService
from tests.support.source import ROOT

pytestmark = pytest.mark.e2e

SHOWN = {
    "search_from_python.py": "the most accurate one is in best",
    "compare_samplers.py": "digits by nsga2: ",
}


@pytest.mark.parametrize("name", SHOWN)
def test_an_example_in_python_runs_as_it_stands(service: RunningService, name: str, tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "examples" / name), service.url]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=480)
    assert done.returncode == 0, done.stderr
    assert SHOWN[name] in done.stdout
    if name == "search_from_python.py":
        assert (tmp_path / "best" / "model.onnx").is_file()
