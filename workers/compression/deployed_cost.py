"""What a network costs that no architecture describes: counted on its exported files."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
import torch
from torch.utils.flop_counter import FlopCounterMode

from workers.profiling.runtimes.torch_program import image_shape_of, load_program


@dataclass(frozen=True, slots=True)
class DeployedCost:
    """Under the names of the metrics."""

    macs: int
    """Multiply-accumulates of convolutions and matrix products for one image."""
    params: int
    size_bytes: int
    """Of all constants in the file that is deployed, at their precision there."""


def cost_of(program: Path, deployed: Path) -> DeployedCost:
    """Of an exported torch program, and of the ONNX file that is deployed of the same network."""
    return DeployedCost(*_macs_and_params(load_program(program)), _constant_bytes(deployed))


def _macs_and_params(program: Any) -> tuple[int, int]:
    parameters = [program.state_dict[name] for name in program.graph_signature.parameters]
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        program.module()(torch.zeros(1, *image_shape_of(program)))
    return counter.get_total_flops() // 2, sum(tensor.numel() for tensor in parameters)


def _constant_bytes(path: Path) -> int:
    # Numpy takes a byte for a number of four bits; the raw data is what the file has.
    return sum(
        len(tensor.raw_data) or len(onnx.numpy_helper.to_array(tensor).tobytes())
        for graph in _graphs(onnx.load(path).graph)
        for tensor in [*graph.initializer, *(n.attribute[0].t for n in graph.node if n.op_type == "Constant")]
    )


def _graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """The graph and the branches in it."""
    yield graph
    for attribute in (attribute for node in graph.node for attribute in node.attribute):
        if attribute.type == onnx.AttributeProto.GRAPH:
            yield from _graphs(attribute.g)
