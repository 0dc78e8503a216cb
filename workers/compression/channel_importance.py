"""What each channel of a group is worth: three estimates, all cheap beside training."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workers.compression.channel_groups import COUNTED, ChannelGroup
from workers.data import Batch

Importance = Literal["taylor", "bn-scale", "l1"]
Scores = dict[nn.Module, Tensor]
"""A number for each output channel of a layer."""

NORMS = nn.modules.batchnorm._BatchNorm


def scores_of(network: nn.Module, kind: Importance, batches: Iterable[Batch]) -> Scores:
    """Of each layer that makes channels; `batches` of normalised images and labels are read by `taylor` alone."""
    layers = [module for module in network.modules() if isinstance(module, (*COUNTED, NORMS))]
    if kind == "taylor":
        return _taylor(network, layers, batches)
    return {layer: layer.weight.detach().reshape(len(layer.weight), -1).abs().mean(1) for layer in layers}


def importance_of(group: ChannelGroup, scores: Scores, kind: Importance, macs: Mapping[nn.Module, int]) -> Tensor:
    """One number a channel, float (channels,), comparable between groups.

    It is read off the batch norms where channels pass one, under `l1` off the weights. `taylor` is what removing it
    would cost the loss. Magnitudes of weights say nothing across layers, so that the others count relative to the
    group's mean, and in proportion to the multiply-accumulates (by layer) that the channel takes part in.
    """
    norms = [maker for maker in group.makers if isinstance(maker[0], NORMS)]
    weights = [maker for maker in group.makers if isinstance(maker[0], COUNTED)]
    found = torch.zeros(group.channels)
    for layer, own, channels in weights if kind == "l1" else norms or weights:
        found.index_add_(0, torch.tensor(channels), scores[layer].cpu()[list(own)])
    if kind == "taylor":
        return found
    involved = sum(macs.get(layer, 0) for layer in group.layers)
    return found / found.mean().clamp(min=torch.finfo(found.dtype).tiny) * involved / group.channels


def _taylor(network: nn.Module, layers: Sequence[nn.Module], batches: Iterable[Batch]) -> Scores:
    """The squared change of the loss, to first order, when all that a channel is multiplied with becomes zero.

    Molchanov et al., "Importance Estimation for Neural Network Pruning", CVPR 2019, equation 8: a mean over batches; at
    a batch norm, its factor and shift are the gate that the paper puts there.
    """
    device, count = next(network.parameters()).device, 0
    scores = {layer: torch.zeros(len(layer.weight)) for layer in layers}  # type: ignore[arg-type]
    for images, labels in batches:
        network.zero_grad(set_to_none=True)
        torch.autograd.backward(F.cross_entropy(network(images.to(device)), labels.to(device)))
        for layer in layers:
            scores[layer] += _change_without(layer).square().cpu()
        count += 1
    network.zero_grad(set_to_none=True)
    return {layer: score / max(count, 1) for layer, score in scores.items()}


@torch.no_grad()
def _change_without(layer: nn.Module) -> Tensor:
    """First-order change of the loss without each output channel: float (channels,)."""
    parts = [p * p.grad for p in layer.parameters(recurse=False) if p.grad is not None]
    return torch.stack([part.reshape(len(part), -1).sum(1) for part in parts]).sum(0)
