"""Whole numbers in place of the weights of an ONNX graph: behind DequantizeLinear where it is fused, else a product."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import helper, numpy_helper

INT4_OPSET = 21
"""The first version of ONNX with integers of four bits."""
BIAS_INPUT = 2


@dataclass(frozen=True, slots=True, eq=False)
class WholeWeight:
    """A weight (outputs, ...) as whole numbers of 8 or 4 bits, times one float32 scale an output."""

    integers: np.ndarray
    scales: np.ndarray
    bits: int


def store_whole_weights(model: onnx.ModelProto, weights: Mapping[str, WholeWeight]) -> None:
    """Change `model` in place; `weights` are those of its initializers, by name.

    A layer whose input is rounded (comes from a DequantizeLinear) gets its bias as int32 too, at the scale of its
    accumulator, without which onnxruntime would not compute it in integers.
    """
    graph = model.graph
    values = {tensor.name: tensor for tensor in graph.initializer}
    made_by = {output: node for node in graph.node for output in node.output}
    nodes: list[onnx.NodeProto] = []
    stored: set[str] = set()
    for node in list(graph.node):
        name = node.input[1] if len(node.input) > 1 else ""
        weight = weights.get(name)
        if weight is not None:
            source = made_by.get(node.input[0])
            is_rounded = source is not None and source.op_type == "DequantizeLinear"
            if name not in stored:  # layers that run more than once have one weight
                nodes.extend(_dequantized(graph, name, weight) if is_rounded else _multiplied(graph, name, weight))
                stored.add(name)
            node.input[1] = f"{name}_rounded"
            if source is not None and is_rounded and len(node.input) > BIAS_INPUT:
                scale = _constant(source.input[1], values, made_by)
                bias = _constant(node.input[BIAS_INPUT], values, made_by)
                nodes.append(_bias_node(graph, node, bias, weight.scales * scale))
        nodes.append(node)
    outputs = {output.name for output in graph.output}
    read = outputs | {name for node in nodes for name in node.input}
    nodes = [node for node in nodes if node.op_type != "Identity" or node.output[0] in read]
    read = {name for node in nodes for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in read]
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)
    if any(weight.bits < 8 for weight in weights.values()):
        _raise_opset(model, INT4_OPSET)


def _dequantized(graph: onnx.GraphProto, name: str, weight: WholeWeight) -> list[onnx.NodeProto]:
    inputs = _stored_integers(graph, name, weight, weight.scales)
    return [helper.make_node("DequantizeLinear", inputs, [f"{name}_rounded"], f"{name}_rounded", axis=0)]


def _multiplied(graph: onnx.GraphProto, name: str, weight: WholeWeight) -> list[onnx.NodeProto]:
    """For layers that compute in fp32: runtimes do this once, when they load the file. onnxruntime would execute a
    DequantizeLinear in every run."""
    shape = (-1, *[1] * (weight.integers.ndim - 1))
    integers, scales = _stored_integers(graph, name, weight, weight.scales.reshape(shape))
    return [
        helper.make_node("Cast", [integers], [f"{name}_whole"], f"{name}_whole", to=onnx.TensorProto.FLOAT),
        helper.make_node("Mul", [f"{name}_whole", scales], [f"{name}_rounded"], f"{name}_rounded"),
    ]


def _stored_integers(graph: onnx.GraphProto, name: str, weight: WholeWeight, scales: np.ndarray) -> list[str]:
    """Names of both."""
    kind = onnx.TensorProto.INT8 if weight.bits == 8 else onnx.TensorProto.INT4
    integers = helper.make_tensor(f"{name}_integers", kind, weight.integers.shape, _stored(weight), raw=True)
    graph.initializer.extend([integers, numpy_helper.from_array(scales.astype(np.float32), f"{name}_scales")])
    return [f"{name}_integers", f"{name}_scales"]


def _stored(weight: WholeWeight) -> bytes:
    """As ONNX stores them: a byte each, or two of four bits, the first one low."""
    flat = weight.integers.flatten().astype(np.int8)
    if weight.bits == 8:
        return flat.tobytes()
    low, high = np.pad(flat, (0, len(flat) % 2)).view(np.uint8).reshape(-1, 2).T & 0x0F
    packed: bytes = (low | (high << 4)).astype(np.uint8).tobytes()
    return packed


def _bias_node(graph: onnx.GraphProto, node: onnx.NodeProto, bias: np.ndarray, scales: np.ndarray) -> onnx.NodeProto:
    name, scales = f"{node.name}_bias", scales.astype(np.float32)
    limits = np.iinfo(np.int32)
    integers = np.rint(bias / scales.astype(np.float64)).clip(limits.min, limits.max)
    graph.initializer.extend(
        [
            numpy_helper.from_array(integers.astype(np.int32), f"{name}_integers"),
            numpy_helper.from_array(scales, f"{name}_scales"),
        ]
    )
    node.input[BIAS_INPUT] = f"{name}_rounded"
    inputs = [f"{name}_integers", f"{name}_scales"]
    return helper.make_node("DequantizeLinear", inputs, [f"{name}_rounded"], f"{name}_rounded", axis=0)


def _constant(name: str, values: Mapping[str, onnx.TensorProto], made_by: Mapping[str, onnx.NodeProto]) -> np.ndarray:
    """An initializer, what a Constant gives, or another name for either: the exporter keeps equal tensors once."""
    while name not in values and made_by[name].op_type == "Identity":
        name = made_by[name].input[0]
    tensor = values[name] if name in values else helper.get_node_attr_value(made_by[name], "value")
    found: np.ndarray = numpy_helper.to_array(tensor)
    return found


def _raise_opset(model: onnx.ModelProto, version: int) -> None:
    converted = onnx.version_converter.convert_version(model, version)
    model.CopyFrom(converted)
