"""Makes an ONNX graph small: what computes nothing is left out, and names that nobody reads are short.

The exporter and the quantizer name every tensor after the layers around it. In int8 files these names outweighed scales
and biases together (docs/decisions/0034-bytes-of-int8-files.md).
"""

import copy
from collections.abc import Iterator
from itertools import count

import onnx
import onnx_ir as ir
from onnx_ir.passes.common import DeduplicateInitializersPass, LiftConstantsToInitializersPass, RemoveUnusedNodesPass

ZERO_POINT = 2
"""Which input of DequantizeLinear it is."""
QUANTIZERS = ("QuantizeLinear", "DequantizeLinear")


def compacted(model: onnx.ModelProto) -> onnx.ModelProto:
    """A graph that computes the same, to the bit, and is executed by the same kernels, in fewer bytes.

    The names of inputs and outputs stay, and those of nodes that compute: profiles of runtimes tell layers by them.
    """
    small = ir.from_proto(copy.deepcopy(model))  # it renames the tensors that it is given
    _drop_zero_points(small)
    LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(small)
    DeduplicateInitializersPass()(small)
    RemoveUnusedNodesPass()(small)
    _shorten_names(small)
    return ir.to_proto(small)


def _drop_zero_points(model: ir.Model) -> None:
    """Of the weights and biases of convolutions, where they are zero, which is the default.

    Not of linear layers: onnxruntime executes a Gemm in fp32 whose weights have none.
    """
    for node in model.graph.all_nodes():
        if node.op_type == "DequantizeLinear" and len(node.inputs) > ZERO_POINT:
            is_convolved = {reader.op_type for reader in node.outputs[0].consumers()} == {"Conv"}
            stored, zero_point = _constant(node.inputs[0]), _constant(node.inputs[ZERO_POINT])
            if is_convolved and stored is not None and zero_point is not None and not zero_point.numpy().any():
                node.resize_inputs(ZERO_POINT)


def _constant(value: ir.Value | None) -> ir.TensorProtocol | None:
    return None if value is None else ir.convenience.get_const_tensor(value)


def _shorten_names(model: ir.Model) -> None:
    """And forget the shapes between layers, which runtimes infer."""
    values = list(_values(model))
    known = {value.name for value in values}
    unused = (name for number in count() if (name := f"v{number}") not in known)
    for value in values:
        if not (value.is_graph_input() or value.is_graph_output()):
            value.name = next(unused)
            value.type = value.shape = None
    for node in model.graph.all_nodes():
        if node.op_type in QUANTIZERS:
            node.name = None


def _values(model: ir.Model) -> Iterator[ir.Value]:
    """All of the graph and of the branches in it."""
    for graph in model.graphs():
        yield from graph.inputs
        yield from graph.initializers.values()
        for node in graph:
            yield from node.outputs
