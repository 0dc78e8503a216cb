"""ONNX Runtime, on the CPU and on NVIDIA GPUs."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from workers.profiling.runtimes.contract import Array
from workers.profiling.runtimes.installed import is_installed, missing_package
from workers.profiling.runtimes.nvidia import gpus, missing_gpu

CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"
OPTIONS: dict[str, dict[str, str]] = {CPU: {}, CUDA: {"use_tf32": "0"}}
"""fp32 is fp32: cuDNN would round to TF32's 10 bits."""
CPU_PACKAGE, GPU_PACKAGE = "onnxruntime", "onnxruntime-gpu"
"""The second contains the first, under the same name of module: they exclude each other."""


class OnnxModel:
    """An ONNX Runtime session with one input and one output."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._input = session.get_inputs()[0]

    @property
    def image_shape(self) -> tuple[int, int, int]:
        channels, height, width = self._input.shape[1:]
        return channels, height, width

    def run(self, images: Array) -> Array:
        logits: Array = self._session.run(None, {self._input.name: images})[0]
        return logits


def _load(model: Path, threads: int, provider: str) -> OnnxModel:
    """One session thread pool of the size asked for, operators one after another."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    session = onnxruntime.InferenceSession(str(model), options, providers=[(provider, OPTIONS[provider])])
    if provider not in session.get_providers():  # it falls back to the CPU without an error
        raise RuntimeError(f"onnxruntime cannot use {provider} here; look at its log for what is missing")
    return OnnxModel(session)


@dataclass(frozen=True)
class OnnxRuntime:
    """Runs `.onnx` files on the CPU, in fp32 or quantized as pairs of QuantizeLinear and DequantizeLinear."""

    name: str = "onnxruntime"
    uses_torch: bool = False

    def missing(self) -> str | None:
        return None if is_installed(GPU_PACKAGE) else missing_package(CPU_PACKAGE, "worker")

    def versions(self) -> dict[str, str]:
        return {"onnxruntime": version(GPU_PACKAGE if is_installed(GPU_PACKAGE) else CPU_PACKAGE)}

    def start(self) -> None:
        import onnxruntime  # noqa: F401

    def load(self, model: Path, threads: int) -> OnnxModel:
        return _load(model, threads, CPU)


@dataclass(frozen=True)
class OnnxRuntimeCuda:
    """Runs `.onnx` files on the first GPU; a run copies the images there and the logits back, and waits for them."""

    name: str = "onnxruntime-cuda"
    uses_torch: bool = False

    def missing(self) -> str | None:
        if reason := missing_gpu():
            return reason
        if is_installed(GPU_PACKAGE):
            return None
        replace = f"pip uninstall --yes {CPU_PACKAGE} && pip install '{GPU_PACKAGE}>=1.31,<2'"
        return f"{GPU_PACKAGE} is not installed; put it in the place of {CPU_PACKAGE} with: {replace}"

    def versions(self) -> dict[str, str]:
        (gpu, *_) = gpus()
        return {"onnxruntime": version(GPU_PACKAGE), "gpu": gpu.name, "driver": gpu.driver}

    def start(self) -> None:
        import onnxruntime

        onnxruntime.preload_dlls()  # CUDA's libraries as pip installs them

    def load(self, model: Path, threads: int) -> OnnxModel:
        return _load(model, threads, CUDA)
