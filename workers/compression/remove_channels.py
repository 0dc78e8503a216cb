"""Takes dead channels out of a network's layers: what is left computes the same, with less."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from workers.compression.dead_channels import DeadChannels, bias_of, dead_channels, host
from workers.compression.flat import flat_graph

MAX_ROUNDS = 100
"""A channel that goes can leave another without a listener; each round takes one at least."""


@dataclass(frozen=True, slots=True)
class Removed:
    """How many output channels of convolutions and linear layers there were, and how many are left."""

    channels_before: int
    channels: int


@torch.no_grad()
def remove_dead_channels(network: nn.Module, shape: tuple[int, int, int], divisor: int = 1) -> Removed:
    """Change `network`, which takes images of `shape` (C, H, W), in place; its outputs stay what they were.

    Every layer keeps a multiple of `divisor` channels, some of them dead if need be, or all it has.
    """
    before = _channel_count(network)
    for _ in range(MAX_ROUNDS):
        if not _remove(dead_channels(flat_graph(network, shape), divisor)):
            break
    return Removed(before, _channel_count(network))


def _channel_count(network: nn.Module) -> int:
    return sum(len(layer.weight) for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear))


def _remove(found: DeadChannels) -> bool:
    """Whether there was anything to remove."""
    kept = {layer: (found.kept_inputs(layer), found.kept_outputs(layer)) for layer in found.outputs}
    if all(outputs.all() for _, outputs in kept.values()):
        return False
    for layer, (inputs, outputs) in kept.items():
        if isinstance(layer, nn.BatchNorm2d):
            _slice_norm(layer, outputs)
        elif isinstance(layer, nn.Conv2d | nn.Linear):
            if _is_dense(layer):
                _fold(layer, found.inputs[layer].values, ~inputs)
                layer.weight = nn.Parameter(layer.weight[:, inputs])
            _slice_outputs(layer, inputs, outputs)
    return True


def _is_dense(layer: nn.Conv2d | nn.Linear) -> bool:
    return isinstance(layer, nn.Linear) or layer.groups == 1


def _fold(layer: nn.Conv2d | nn.Linear, values: Tensor, removed: Tensor) -> None:
    """Add to the bias what the removed input channels contribute."""
    constants = torch.where(removed & ~values.isnan(), values, 0.0)
    added = host(layer.weight).view(len(layer.weight), len(values), -1).sum(2) @ constants
    if added.any():
        layer.bias = nn.Parameter((bias_of(layer) + added).to(layer.weight))


def _slice_outputs(layer: nn.Conv2d | nn.Linear, inputs: Tensor, outputs: Tensor) -> None:
    layer.weight = nn.Parameter(layer.weight[outputs])
    if layer.bias is not None:
        layer.bias = nn.Parameter(layer.bias[outputs])
    if isinstance(layer, nn.Linear):
        layer.in_features, layer.out_features = int(inputs.sum()), int(outputs.sum())
    else:
        layer.in_channels, layer.out_channels = int(inputs.sum()), int(outputs.sum())
        layer.groups = 1 if layer.groups == 1 else layer.out_channels


def _slice_norm(layer: nn.BatchNorm2d, kept: Tensor) -> None:
    assert layer.running_mean is not None
    assert layer.running_var is not None
    layer.running_mean, layer.running_var = layer.running_mean[kept], layer.running_var[kept]
    if layer.affine:
        layer.weight, layer.bias = nn.Parameter(layer.weight[kept]), nn.Parameter(layer.bias[kept])
    layer.num_features = int(kept.sum())
