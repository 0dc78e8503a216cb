"""Makes `workers/profiling/reference.onnx`, operator by operator, from weights given by a formula.

And from its weights the same as an exported torch program, `reference.pt2`, and where ExecuTorch is installed as one
of its programs, `reference.pte`.
"""

import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import nn

from workers.export.lowering import LARGEST_BATCH, lowered
from workers.profiling.reference import IMAGE_SHAPE
from workers.profiling.runtimes.installed import is_installed
from workers.profiling.runtimes.torch_program import save_program

FILE = Path(__file__).parents[1] / "workers" / "profiling" / "reference.onnx"
PROGRAM, LOWERED = FILE.with_suffix(".pt2"), FILE.with_suffix(".pte")
WIDTHS = (32, 64, 128)
CLASSES = 10
OPSET = 18
IR_VERSION = 8
"""Old enough for every runtime of the last years."""


class _Builder:
    """Chains operators; `last` names the value that the next one reads."""

    def __init__(self, source: str) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.last = source

    def weight(self, shape: tuple[int, ...]) -> str:
        """A weight of `shape` with pseudo-random values from integer arithmetic, scaled by its fan-in."""
        values = (np.arange(math.prod(shape)) * 37 % 101 - 50) / (50 * math.sqrt(math.prod(shape[1:])))
        name = f"w{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(values.reshape(shape).astype(np.float32), name))
        return name

    def add(self, operator: str, *weights: str, **attributes: Any) -> None:
        output = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, [self.last, *weights], [output], **attributes))
        self.last = output

    def conv(self, shape: tuple[int, int, int, int], stride: int = 1, group: int = 1) -> None:
        padding = [shape[-1] // 2] * 4
        self.add("Conv", self.weight(shape), pads=padding, strides=[stride] * 2, group=group)
        self.add("Relu")


def made() -> bytes:
    """The reference as a serialized ONNX model: (batch, 3, 32, 32) pixels to 10 logits."""
    builder = _Builder("pixels")
    builder.conv((WIDTHS[0], IMAGE_SHAPE[0], 3, 3))
    for stride, (narrow, wide) in enumerate(pairwise(WIDTHS), start=1):
        builder.conv((narrow, 1, 3, 3), stride=stride, group=narrow)
        builder.conv((wide, narrow, 1, 1))
    builder.add("GlobalAveragePool")
    builder.add("Flatten")
    builder.add("Gemm", builder.weight((CLASSES, WIDTHS[-1])), transB=1)
    pixels = helper.make_tensor_value_info("pixels", onnx.TensorProto.FLOAT, ["batch", *IMAGE_SHAPE])
    logits = helper.make_tensor_value_info(builder.last, onnx.TensorProto.FLOAT, ["batch", CLASSES])
    graph = helper.make_graph(builder.nodes, "reference", [pixels], [logits], builder.initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def network(reference: onnx.ModelProto) -> nn.Sequential:
    """The reference's operators in torch."""
    weights = (torch.tensor(numpy_helper.to_array(tensor)) for tensor in reference.graph.initializer)
    return nn.Sequential(*(_module(node, weights) for node in reference.graph.node))


def _module(node: onnx.NodeProto, weights: Iterator[torch.Tensor]) -> nn.Module:
    if node.op_type not in ("Conv", "Gemm"):
        return {"Relu": nn.ReLU(), "GlobalAveragePool": nn.AdaptiveAvgPool2d(1), "Flatten": nn.Flatten()}[node.op_type]
    weight = next(weights)
    said = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    outputs, inputs, *kernel = weight.shape
    module: nn.Module
    if node.op_type == "Gemm":
        module = nn.Linear(inputs, outputs, bias=False)
    else:
        group, stride, padding = said["group"], said["strides"][0], said["pads"][0]
        module = nn.Conv2d(inputs * group, outputs, kernel[0], stride, padding, groups=group, bias=False)
    module.load_state_dict({"weight": weight})
    return module


def program(largest_batch: int | None = None) -> torch.export.ExportedProgram:
    """The reference as an exported torch program, for any batch size (up to `largest_batch`)."""
    images = torch.zeros(2, *IMAGE_SHAPE)
    batch = torch.export.Dim("batch", min=1, max=largest_batch)
    return torch.export.export(network(onnx.load(FILE)).eval(), (images,), dynamic_shapes=({0: batch},))


if __name__ == "__main__":
    FILE.write_bytes(made())
    save_program(program(), PROGRAM)
    if is_installed("executorch"):
        LOWERED.write_bytes(lowered(program(LARGEST_BATCH)))
