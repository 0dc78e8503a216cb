"""A network with the rounding of its int8 file: what calibration, sensitivity and training with rounding work on.

The batch norms of the flat graph are folded. Tensors are rounded where onnxruntime can then run its int8 kernels:
before and behind every convolution and linear layer (behind the ReLU where one follows, which merges), and in sums,
products and pools of rounded tensors. Logits are left as they are.
"""

import copy
from collections.abc import Collection, Iterator

import torch
from torch import fx, nn
from torch.nn.utils import parametrize
from torch.nn.utils.fusion import fuse_conv_bn_eval

from workers.compression.flat import contiguous_copy, flat_graph, layer_of
from workers.compression.quantizers import ActivationQuantizer, WeightQuantizer

ATEN = torch.ops.aten
COMBINE = frozenset({ATEN.add.Tensor, ATEN.mul.Tensor, ATEN.avg_pool2d.default, ATEN.adaptive_avg_pool2d.default})
"""They compute other numbers: their result has a range of its own."""
SELECT = frozenset({ATEN.max_pool2d.default, ATEN.flatten.using_ints})
"""Their result has the range of what they read."""
WEIGHT_BITS = 8


def quantized_network(folded: fx.GraphModule, excluded: Collection[str] = ()) -> fx.GraphModule:
    """A copy of what `folded_graph` gave that rounds; the layers named in `excluded` do not.

    Ranges of activations are still to be set (`calibration.calibrate`).
    """
    graph = copy.deepcopy(folded)
    _Rounding(graph, excluded).insert()
    graph.recompile()
    return graph


def folded_graph(network: nn.Module, shape: tuple[int, int, int]) -> fx.GraphModule:
    """The flat graph of a copy, for images of `shape` (C, H, W), batch norms folded into the layers before them."""
    graph = flat_graph(contiguous_copy(network), shape)
    for node in list(graph.graph.nodes):
        source = node.args[0] if node.args else None
        norm = layer_of(graph, node)
        if isinstance(norm, nn.BatchNorm2d) and isinstance(source, fx.Node):
            conv, target = layer_of(graph, source), str(source.target)
            once = sum(other.target == source.target for other in graph.graph.nodes) == 1
            if isinstance(conv, nn.Conv2d) and len(source.users) == 1 and once:
                graph.set_submodule(target, fuse_conv_bn_eval(conv, norm))
                node.replace_all_uses_with(source)
                graph.graph.erase_node(node)
    graph.delete_all_unused_submodules()
    graph.recompile()
    return graph.eval()


def weighted_layers(graph: fx.GraphModule) -> dict[str, nn.Conv2d | nn.Linear]:
    """Convolutions and linear layers by name, in the order they run."""
    found = {str(node.target): layer_of(graph, node) for node in graph.graph.nodes}
    return {name: layer for name, layer in found.items() if isinstance(layer, nn.Conv2d | nn.Linear)}


def round_weights(layer: nn.Conv2d | nn.Linear, bits: int) -> None:
    """From now on, in place."""
    parametrize.register_parametrization(layer, "weight", WeightQuantizer(bits))


def weight_quantizer_of(layer: nn.Module) -> WeightQuantizer | None:
    """Of a layer whose weights are rounded."""
    if not parametrize.is_parametrized(layer, "weight"):
        return None
    quantizer = layer.parametrizations["weight"][0]  # type: ignore[index]
    return quantizer if isinstance(quantizer, WeightQuantizer) else None


def quantizers(graph: nn.Module) -> Iterator[ActivationQuantizer | WeightQuantizer]:
    """All of a network."""
    return (m for m in graph.modules() if isinstance(m, ActivationQuantizer | WeightQuantizer))


class _Rounding:
    """Puts quantizers into one graph, in the order of its nodes."""

    def __init__(self, graph: fx.GraphModule, excluded: Collection[str]) -> None:
        self._graph = graph
        self._excluded = frozenset(excluded)
        self._rounded: dict[fx.Node, fx.Node] = {}
        """For a tensor, the node that gives it rounded."""

    def insert(self) -> None:
        for node in list(self._graph.graph.nodes):
            layer = layer_of(self._graph, node)
            if isinstance(layer, nn.Conv2d | nn.Linear):
                if node.target not in self._excluded:
                    self._round_layer(node, layer)
            elif node.target in SELECT and node.args[0] in self._rounded.values():
                self._round_output(node, str(node.args[0].target))
            elif node.target in COMBINE and any(source in self._rounded.values() for source in node.all_input_nodes):
                self._round_inputs(node)
                self._round_output(node)

    def _round_layer(self, node: fx.Node, layer: nn.Conv2d | nn.Linear) -> None:
        if weight_quantizer_of(layer) is None:
            round_weights(layer, WEIGHT_BITS)
        self._round_inputs(node)
        last = node
        if len(node.users) == 1 and (follower := next(iter(node.users))).target is ATEN.relu.default:
            last = follower
        if not any(user.op == "output" for user in last.users):
            self._round_output(last)

    def _round_inputs(self, node: fx.Node) -> None:
        for source in node.all_input_nodes:
            if source not in self._rounded.values():
                node.replace_input_with(source, self._rounded.get(source) or self._add(source))

    def _round_output(self, node: fx.Node, name: str = "") -> None:
        """For all who read it. By the quantizer of that name, or by one of its own."""
        readers = list(node.users)
        rounded = self._add(node, name)
        for reader in readers:
            reader.replace_input_with(node, rounded)

    def _add(self, node: fx.Node, name: str = "") -> fx.Node:
        if not name:
            name = f"round_{node.name}"
            self._graph.add_submodule(name, ActivationQuantizer())
        after = node
        while after.next.op == "placeholder":
            after = after.next
        with self._graph.graph.inserting_after(after):
            self._rounded[node] = self._graph.graph.call_module(name, (node,))
        self._rounded[node].meta = dict(node.meta)
        return self._rounded[node]
