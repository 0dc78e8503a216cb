"""OpenVINO on the CPU."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from workers.profiling.runtimes.contract import Array
from workers.profiling.runtimes.installed import missing_package


class OpenVinoModel:
    """A model with one input and one output, compiled for the batch size of the last run.

    With an open batch size small networks would take up to half as long again.
    """

    def __init__(self, model: Any, compiled: Callable[[Any], Any]) -> None:
        self._model, self._compiled = model, compiled
        channels, height, width = (dimension.get_length() for dimension in list(model.input(0).partial_shape)[1:])
        self.image_shape: tuple[int, int, int] = (channels, height, width)
        self._fix(1)

    def _fix(self, batch_size: int) -> None:
        self._model.reshape([batch_size, *self.image_shape])
        self._batch_size = batch_size
        self._request = self._compiled(self._model).create_infer_request()

    def run(self, images: Array) -> Array:
        if len(images) != self._batch_size:
            self._fix(len(images))
        logits: Array = self._request.infer({0: images}, share_inputs=True)[0]
        return logits


@dataclass(frozen=True)
class OpenVino:
    """Runs `.onnx` files as they are, in fp32 or quantized as pairs of QuantizeLinear and DequantizeLinear."""

    name: str = "openvino"
    uses_torch: bool = False

    def missing(self) -> str | None:
        return missing_package("openvino", "openvino")

    def versions(self) -> dict[str, str]:
        return {"openvino": version("openvino")}

    def start(self) -> None:
        import openvino

        openvino.Core().get_versions("CPU")  # loads the plugin of that name

    def load(self, model: Path, threads: int) -> OpenVinoModel:
        import openvino

        properties = {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
            "INFERENCE_NUM_THREADS": threads,
            # The harness chose the cores already; left alone OpenVINO would choose its own.
            "ENABLE_CPU_PINNING": False,
            # Else a processor with bf16 units would run fp32 models in bf16.
            "INFERENCE_PRECISION_HINT": "f32",
        }
        core = openvino.Core()
        return OpenVinoModel(core.read_model(model), lambda fixed: core.compile_model(fixed, "CPU", properties))
