"""OpenVINO on the CPU."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from workers.profiling.runtimes.contract import Array
from workers.profiling.runtimes.installed import missing_package


class OpenVinoModel:
    """A compiled model with one input and one output, and one request that runs it."""

    def __init__(self, compiled: Any) -> None:
        self._request = compiled.create_infer_request()
        self._input = compiled.input(0)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        channels, height, width = (dimension.get_length() for dimension in list(self._input.partial_shape)[1:])
        return channels, height, width

    def run(self, images: Array) -> Array:
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
        return OpenVinoModel(openvino.Core().compile_model(str(model), "CPU", properties))
