"""Where a network can be cut in two: behind an operator whose result is all that the rest of the network reads."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.utils.flop_counter import FlopCounterMode

from workers.compression.network_cost import FLOPS_PER_MAC

ATEN = torch.ops.aten


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A place in a flat graph (`flat.flat_graph`) where one feature map, (N, C, H, W), is all that goes on."""

    node: fx.Node
    """The last one before it."""
    macs: int
    """Multiply-accumulates before it, for one image."""
    shape: tuple[int, int, int]
    """Of the features of one image, (C, H, W)."""


def cuts_of(graph: fx.GraphModule, image: Tensor) -> list[Cut]:
    """In the order they stand, behind every part that multiplies: of places with as many MACs before them the last.

    `image` is one of those that the graph takes, (1, C, H, W).
    """
    macs, shapes = _walk(graph, image)
    alone = [node for node in _alone(graph.graph) if len(shapes[node]) == len(image.shape)]
    ends = {macs[node]: node for node in alone if macs[node] > 0}
    return [Cut(node, cost, _image_shape(shapes[node])) for cost, node in ends.items()]


def _image_shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    _, channels, height, width = shape
    return channels, height, width


def before(graph: fx.GraphModule, cuts: Sequence[Cut]) -> fx.GraphModule:
    """Images to a tuple of the features at each of `cuts`. Shares the graph's layers."""
    first = fx.Graph()
    made: dict[fx.Node, fx.Node] = {}
    for node in graph.graph.nodes:
        if node.op != "output":
            made[node] = first.node_copy(node, made.__getitem__)
    first.output(tuple(made[cut.node] for cut in cuts))
    return _network(graph, first)


def after(graph: fx.GraphModule, cut: Cut) -> fx.GraphModule:
    """The features at `cut` to the graph's output. Shares the graph's layers."""
    second = fx.Graph()
    features = second.placeholder("features")
    made = {cut.node: features}
    is_behind = False
    for node in graph.graph.nodes:
        if is_behind or node.op == "get_attr":
            made[node] = second.node_copy(node, made.__getitem__)
        elif _is_batch_size(node):
            made[node] = second.call_function(node.target, (features, 0))
        is_behind |= node is cut.node
    return _network(graph, second)


def _network(root: nn.Module, graph: fx.Graph) -> fx.GraphModule:
    network = fx.GraphModule(root, graph)
    network.graph.eliminate_dead_code()
    network.delete_all_unused_submodules()
    network.recompile()
    return network


def _alone(graph: fx.Graph) -> Iterator[fx.Node]:
    """Operators behind which nothing else that was computed is still to be read."""
    waiting: dict[fx.Node, int] = {}
    for node in graph.nodes:
        if node.op in ("get_attr", "output") or _is_batch_size(node):
            continue
        for source in node.all_input_nodes:
            if source in waiting:
                waiting[source] -= 1
        waiting[node] = sum(not _is_batch_size(user) for user in node.users)
        waiting = {source: readers for source, readers in waiting.items() if readers}
        if list(waiting) == [node] and node.op != "placeholder":
            yield node


def _is_batch_size(node: fx.Node) -> bool:
    """It can be read off any tensor of the network."""
    return node.target is ATEN.sym_size.int and tuple(node.args[1:]) == (0,)


def _walk(graph: fx.GraphModule, image: Tensor) -> tuple[dict[fx.Node, int], dict[fx.Node, tuple[int, ...]]]:
    """Of each node the multiply-accumulates up to it, and the shape of what it computes."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        walk = _Walk(graph, counter)
        walk.run(image)
    return walk.macs, walk.shapes


class _Walk(fx.Interpreter):
    def __init__(self, graph: fx.GraphModule, counter: FlopCounterMode) -> None:
        super().__init__(graph)
        self._counter = counter
        self.macs: dict[fx.Node, int] = {}
        self.shapes: dict[fx.Node, tuple[int, ...]] = {}

    def run_node(self, n: fx.Node) -> Any:
        result = super().run_node(n)
        self.macs[n] = self._counter.get_total_flops() // FLOPS_PER_MAC
        self.shapes[n] = tuple(result.shape) if isinstance(result, Tensor) else ()
        return result
