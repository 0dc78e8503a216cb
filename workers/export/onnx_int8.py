"""Quantizes an exported ONNX file to int8: static, by pairs of QuantizeLinear and DequantizeLinear (QDQ).

Weights are signed and have a scale a channel. Activations are unsigned with a scale a tensor, for signed ones are
several times slower on x86 (docs/decisions/0021-exported-formats-and-int8.md). What the tensors' ranges are is learnt
from training images, in up to three ways until one is good enough, and that one is kept whose logits are nearest to the
network's on other training images.
"""

import contextlib
import io
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.quant_utils import add_pre_process_metadata

from workers.data import Split
from workers.export.atomic import write_atomically
from workers.export.exported import pixels_of
from workers.export.onnx_export import INPUT_NAME, serialized

WITH_BIAS = ("Conv", "Gemm")
"""Operators whose third input it is."""
CALIBRATION_IMAGES, COMPARED_IMAGES = 256, 128
IMAGES_AT_ONCE = 8
"""Every tensor of the network is held for so many images."""
METHODS = (CalibrationMethod.MinMax, CalibrationMethod.Percentile, CalibrationMethod.Entropy)
"""The cheapest first: the others collect histograms of every tensor."""
ENOUGH = 1e-3
"""Of the logits' mean square: an error as small (30 dB) leaves the other methods nothing to gain."""
PERCENTILE = 99.99
OPERATORS = (
    *("Add", "AveragePool", "Clip", "Conv", "Flatten", "Gemm", "GlobalAveragePool"),
    *("MatMul", "MaxPool", "Mul", "Relu", "Reshape", "Sigmoid"),
)
"""Everything that blocks are made of: what is left out would be computed in fp32 between two conversions."""


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Training images, float32 (n, C, H, W) in [0, 1]: to learn ranges from, and others to compare methods on."""

    images: np.ndarray
    compared: np.ndarray


def calibration_of(train: Split) -> Calibration:
    """The same images for the same split, drawn without looking at their labels."""
    drawn = np.random.default_rng(0).permutation(len(train))[: CALIBRATION_IMAGES + COMPARED_IMAGES]
    compared = max(1, len(drawn) * COMPARED_IMAGES // (CALIBRATION_IMAGES + COMPARED_IMAGES))
    return Calibration(pixels_of(train, np.sort(drawn[compared:])), pixels_of(train, np.sort(drawn[:compared])))


def export_onnx_int8(model: Path, calibration: Calibration, path: Path) -> CalibrationMethod:
    """Quantize the fp32 file `model`, whose batch norms are folded, and say by which method.

    The same file and images give the same bytes. Logits are further from the network's than those of the fp32 file,
    by how much is for the caller to find out.
    """
    expected = _logits(model.read_bytes(), calibration.compared)
    best: tuple[float, CalibrationMethod, bytes] | None = None
    for method in METHODS:
        content = _quantized(model, calibration.images, method)
        error = float(np.square(_logits(content, calibration.compared) - expected).mean())
        if best is None or error < best[0]:
            best = (error, method, content)
        if error <= ENOUGH * float(np.square(expected).mean()):
            break
    assert best is not None
    _, method, content = best
    write_atomically(path, content)
    return method


def _quantized(model: Path, images: np.ndarray, method: CalibrationMethod) -> bytes:
    prepared = _with_own_biases(onnx.load(model))
    add_pre_process_metadata(prepared)  # nothing is left to fold, and the quantizer need not advise it
    options = {"CalibPercentile": PERCENTILE, "CalibTensorRangeSymmetric": False, "CalibStridedMinMax": 1}
    # Its histograms tell their progress on stdout.
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        written = Path(folder, "quantized.onnx")
        quantize_static(
            prepared,
            written,
            _Batches(images),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(OPERATORS),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=method,
            extra_options=options,
        )
        quantized = onnx.load(written)
    note = quantized.metadata_props.add()
    note.key, note.value = "calibration", f"{method.name.lower()} on {len(images)} training images"
    return serialized(quantized)


def _with_own_biases(model: onnx.ModelProto) -> onnx.ModelProto:
    """`model`, changed so that every layer has a bias of its own, without an Identity before it.

    The exporter keeps equal constants once, and all biases of a network that was not trained are equal. The quantizer
    leaves a layer whose bias is another's in fp32, and such a network would be slower than it is once it is trained.
    """
    graph = model.graph
    values = {tensor.name: tensor for tensor in graph.initializer}
    copies = [node for node in graph.node if node.op_type == "Identity" and node.input[0] in values]
    behind = {node.output[0]: node.input[0] for node in copies}
    for node in graph.node:
        if node.op_type in WITH_BIAS and len(node.input) == 3:
            source = behind.get(node.input[2], node.input[2])
            if source in values:
                own = graph.initializer.add()
                own.CopyFrom(values[source])
                own.name = node.input[2] = f"{node.output[0]}.bias"
    for node in copies:
        if not any(node.output[0] in other.input for other in graph.node):
            graph.node.remove(node)
    used = {name for node in graph.node for name in node.input}
    for name in values.keys() - used:
        graph.initializer.remove(values[name])
    return model


class _Batches:
    """Images in batches, of which the quantizer asks for one range after the other (its `CalibrationDataReader`)."""

    def __init__(self, images: np.ndarray) -> None:
        self._batches = [images[i : i + IMAGES_AT_ONCE] for i in range(0, len(images), IMAGES_AT_ONCE)]
        self._range: Sequence[np.ndarray] = ()

    def __len__(self) -> int:
        return len(self._batches)

    def set_range(self, start_index: int, end_index: int) -> None:
        """What `get_next` gives from now on."""
        self._range = self._batches[start_index:end_index]

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next batch by the name of the graph's input; None after the range's last one."""
        if not self._range:
            return None
        batch, *self._range = self._range
        return {INPUT_NAME: batch}


def _logits(content: bytes, pixels: np.ndarray) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    (logits,) = session.run(None, {INPUT_NAME: pixels})
    return np.asarray(logits)
