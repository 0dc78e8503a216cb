"""ONNX Runtime on the CPU."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


class OnnxModel:
    """An ONNX Runtime session with one input and one output."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._input = session.get_inputs()[0]

    @property
    def image_shape(self) -> tuple[int, int, int]:
        channels, height, width = self._input.shape[1:]
        return channels, height, width

    def run(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        logits: NDArray[np.float32] = self._session.run(None, {self._input.name: images})[0]
        return logits


class OnnxRuntime:
    """Runs `.onnx` files; one session thread pool of the size asked for, operators one after another."""

    name = "onnxruntime"

    def missing(self) -> str | None:
        try:
            importlib.import_module("onnxruntime")
        except ImportError as error:
            return f"{error}; install it with: pip install 'nas-service[worker]'"
        return None

    def versions(self) -> dict[str, str]:
        import onnxruntime

        return {"onnxruntime": onnxruntime.__version__}

    def load(self, model: Path, threads: int) -> OnnxModel:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        return OnnxModel(session)
