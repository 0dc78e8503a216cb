"""Which exported file each runtime executes at each precision: one table that specs, exports and timings read."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

RuntimeName = Literal[
    "torch", "torch-compile", "onnxruntime", "openvino", "executorch", "torch-cuda", "onnxruntime-cuda"
]
"""What executes an exported model."""

PrecisionName = Literal["fp32", "int8"]
"""Number format of weights and activations."""


class ModelFormat(StrEnum):
    """A form of one trained network, written once and executed by several runtimes.

    Every one takes raw pixels, float32 (batch, C, H, W) in [0, 1], and gives logits, float32 (batch, classes).
    """

    ONNX = "onnx"
    """An ONNX graph in fp32. Every bundle has it, and it can be read by more tools than any other."""
    ONNX_INT8 = "onnx-int8"
    """The same graph with quantized weights and activations, as pairs of QuantizeLinear and DequantizeLinear."""
    PT2 = "pt2"
    """An exported torch program."""
    PTE = "pte"
    """An ExecuTorch program, lowered to XNNPACK."""

    @property
    def file_name(self) -> str:
        """Under which a candidate and its bundle keep the file."""
        return _FILES[self][0]

    @property
    def media_type(self) -> str:
        """Of the file."""
        return _FILES[self][1]

    @property
    def is_quantized(self) -> bool:
        """Whether the file computes other logits than the network that it was written from."""
        return self in _QUANTIZED

    @property
    def stock_runtime(self) -> RuntimeName:
        """In which the accuracy of a file is taken; who exports the format has it."""
        return _FILES[self][2]


_QUANTIZED = frozenset({ModelFormat.ONNX_INT8})
_BINARY = "application/octet-stream"
_FILES: Mapping[ModelFormat, tuple[str, str, RuntimeName]] = {
    ModelFormat.ONNX: ("model.onnx", "application/onnx", "onnxruntime"),
    ModelFormat.ONNX_INT8: ("model.int8.onnx", "application/onnx", "onnxruntime"),
    ModelFormat.PT2: ("model.pt2", _BINARY, "torch"),
    ModelFormat.PTE: ("model.pte", _BINARY, "executorch"),
}

RUNS: Mapping[tuple[RuntimeName, PrecisionName], ModelFormat] = MappingProxyType(
    {
        ("torch", "fp32"): ModelFormat.PT2,
        ("torch-compile", "fp32"): ModelFormat.PT2,
        ("onnxruntime", "fp32"): ModelFormat.ONNX,
        ("onnxruntime", "int8"): ModelFormat.ONNX_INT8,
        ("openvino", "fp32"): ModelFormat.ONNX,
        ("openvino", "int8"): ModelFormat.ONNX_INT8,
        ("executorch", "fp32"): ModelFormat.PTE,
        ("torch-cuda", "fp32"): ModelFormat.PT2,
        ("onnxruntime-cuda", "fp32"): ModelFormat.ONNX,
    }
)
"""The combinations that exist, and what each of them executes."""


LARGEST_BATCHES: Mapping[RuntimeName, int] = MappingProxyType({"executorch": 128})
"""Images a call, where a runtime's files are made for so many at most."""


def precisions_of(runtime: RuntimeName) -> list[PrecisionName]:
    """What `runtime` can execute."""
    return [precision for name, precision in RUNS if name == runtime]


def runtimes_at(precision: PrecisionName) -> list[RuntimeName]:
    """What can execute a model at `precision`."""
    return [runtime for runtime, name in RUNS if name == precision]
