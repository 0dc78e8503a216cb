"""The ONNX file of a network that rounds: it carries the network's own scales, zero points and whole numbers."""

import copy

import numpy as np
import torch
from torch import Tensor, fx, nn

from workers.compression.plain_layers import make_weights_plain
from workers.compression.quantized import weight_quantizer_of, weighted_layers
from workers.compression.quantizers import ActivationQuantizer, WeightQuantizer
from workers.export.onnx_export import ExportFacts, deployable_copy, onnx_graph, serialized
from workers.export.onnx_weights import WholeWeight, store_whole_weights

NETWORK = "network"
"""The name under which `search_spaces.normalise.Normalised` holds what it normalises for."""


def rounded_file(network: fx.GraphModule, facts: ExportFacts) -> bytes:
    """`network` (`quantized.quantized_network`) with its normalisation: raw pixels to logits, as every export."""
    fixed = copy.deepcopy(network).eval()
    weights = {f"{NETWORK}.{name}.weight": weight for name, weight in _fix_weights(fixed).items()}
    _fix_activations(fixed)
    deployed = deployable_copy(fixed, facts)
    image = torch.zeros(1, facts.channels, facts.height, facts.width)
    model = onnx_graph(deployed, facts, image)
    store_whole_weights(model, weights)
    return serialized(model)


@torch.no_grad()
def without_rounding(network: fx.GraphModule) -> fx.GraphModule:
    """A copy whose activations are not rounded, and whose weights are what they were rounded to."""
    plain = copy.deepcopy(network).eval()
    _fix_weights(plain)
    for node in list(plain.graph.nodes):
        if node.op == "call_module" and isinstance(plain.get_submodule(str(node.target)), ActivationQuantizer):
            node.replace_all_uses_with(node.args[0])
            plain.graph.erase_node(node)
    plain.delete_all_unused_submodules()
    plain.recompile()
    return plain


@torch.no_grad()
def _fix_weights(network: fx.GraphModule) -> dict[str, WholeWeight]:
    """Make weights plain ones that are rounded already, in place; gives them as whole numbers by their layers."""
    weights = {}
    for name, layer in weighted_layers(network).items():
        quantizer = weight_quantizer_of(layer)
        if quantizer is not None:
            weights[name] = _whole(quantizer, layer.parametrizations["weight"].original)  # type: ignore[index, union-attr]
    make_weights_plain(network)
    return weights


def _whole(quantizer: WeightQuantizer, weight: Tensor) -> WholeWeight:
    scales = quantizer.scales(weight)
    integers = (weight / scales.view(-1, *[1] * (weight.ndim - 1))).round()
    return WholeWeight(integers.numpy().astype(np.int8), scales.numpy(), quantizer.bits)


class _FixedRounding(nn.Module):
    """Of activations, with numbers that a trace takes for constants."""

    def __init__(self, quantizer: ActivationQuantizer) -> None:
        super().__init__()
        self._scale, self._zero_point = quantizer.scale.item(), int(quantizer.zero_point.item())

    def forward(self, x: Tensor) -> Tensor:
        return torch.fake_quantize_per_tensor_affine(x, self._scale, self._zero_point, 0, 255)


def _fix_activations(network: fx.GraphModule) -> None:
    for name, module in list(network.named_modules()):
        if isinstance(module, ActivationQuantizer):
            network.set_submodule(name, _FixedRounding(module))
