"""GPUs as the driver's tool lists them. There is none here: a script of its name stands in for it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from workers.profiling.runtimes import RUNTIMES
from workers.profiling.runtimes.nvidia import Gpu, gpus


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Puts a shell script in the place of the tool."""

    def install(script: str) -> None:
        path = tmp_path / "nvidia-smi"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    monkeypatch.setenv("PATH", str(tmp_path))
    gpus.cache_clear()
    yield install
    gpus.cache_clear()


def test_every_gpu_is_listed_with_its_driver(tool: Callable[[str], None]) -> None:
    tool("echo 'NVIDIA H100 80GB HBM3, 570.86.15'; echo 'NVIDIA L4, 570.86.15'")
    assert gpus() == (Gpu("NVIDIA H100 80GB HBM3", "570.86.15"), Gpu("NVIDIA L4", "570.86.15"))


@pytest.mark.parametrize("script", ["echo 'No devices were found'; exit 6", "exit 0"])
def test_a_tool_without_gpus_is_as_good_as_none(tool: Callable[[str], None], script: str) -> None:
    tool(script)
    assert gpus() == ()


@pytest.mark.parametrize("name", ["torch-cuda", "onnxruntime-cuda"])
def test_without_a_gpu_its_runtimes_say_why(tool: Callable[[str], None], name: str) -> None:
    reason = RUNTIMES[name].missing()
    assert reason is not None
    assert reason.startswith("no NVIDIA GPU is found")


def test_with_a_gpu_they_name_the_package_that_lacks(tool: Callable[[str], None]) -> None:
    tool("echo 'NVIDIA L4, 570.86.15'")
    reason = RUNTIMES["onnxruntime-cuda"].missing()
    assert reason is not None
    assert "pip uninstall --yes onnxruntime && pip install 'onnxruntime-gpu" in reason
