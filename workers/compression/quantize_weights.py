"""`quantize-weights`: weights of 8 or 4 bits for size alone; what computes with them is still fp32."""

from typing import Any

from torch import nn

from nas_service.domain.compression.quantize_weights import QuantizeWeightsOptions
from nas_service.domain.formats import ModelFormat
from workers.compression.calibration import calibration_images, sqnr_db
from workers.compression.contract import Compressed, Workbench
from workers.compression.quantized import folded_graph, round_weights, weighted_layers
from workers.compression.rounded_file import rounded_file, without_rounding
from workers.compression.self_compress import shape_of
from workers.export.files import subject_of

DEPTHWISE_BITS = 8
"""A depthwise channel has few weights, so that less saves little and costs much."""


def quantize_weights(network: nn.Module, options: QuantizeWeightsOptions, bench: Workbench) -> Compressed:
    """The network with rounded weights, batch norms folded, and the ONNX file that stores them as whole numbers."""
    rounded = folded_graph(network, shape_of(bench.data))
    for layer in weighted_layers(rounded).values():
        is_depthwise = isinstance(layer, nn.Conv2d) and layer.groups > 1
        round_weights(layer, DEPTHWISE_BITS if is_depthwise else options.bits)
    _, compared = calibration_images(bench.data)
    facts: dict[str, Any] = {"bits": options.bits, "sqnr_db": sqnr_db(rounded, compared)}
    content = rounded_file(rounded, subject_of(network, bench.data, "", "").facts)
    return Compressed(without_rounding(rounded), facts, {ModelFormat.ONNX.file_name: content})
