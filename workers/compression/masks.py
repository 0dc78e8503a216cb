"""Which weights of a network are zero: masks by magnitude, over the whole network, by layer, or in N:M pattern."""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn

Masks = dict[str, Tensor]
"""By parameter name; bool of the parameter's shape, True where the weight stays."""
Scope = Literal["global", "layer"]


def prunable(network: nn.Module) -> dict[str, nn.Parameter]:
    """The weights of dense convolutions and linear layers.

    Not those of depthwise ones, which are few and matter (Zhu & Gupta, 2017, section 4.2), nor what reads a grey image.
    """
    return {name: p for name, p in network.named_parameters() if p.ndim > 1 and p.shape[1] > 1}


@torch.no_grad()
def magnitude_masks(weights: Mapping[str, Tensor], sparsity: float, scope: Scope) -> Masks:
    """Without the smallest `sparsity` of the weights, exactly as many as `round` gives; ties go by position.

    Weights that are zero already go first, so that a mask never gives back what an earlier one took.
    """
    if scope == "layer":
        return {name: _without_smallest(weight, sparsity) for name, weight in weights.items()}
    flat = torch.cat([weight.detach().flatten() for weight in weights.values()])
    parts = torch.split(_without_smallest(flat, sparsity), [weight.numel() for weight in weights.values()])
    return {name: part.view(weight.shape) for (name, weight), part in zip(weights.items(), parts, strict=True)}


@torch.no_grad()
def pattern_masks(weights: Mapping[str, Tensor], kept: int, of: int, share: float = 1.0) -> Masks:
    """At most the `kept` largest of every `of` consecutive input channels stay, for layers whose inputs divide by `of`.

    With a `share` below 1 that many of the groups, those that lose least by it, have the pattern yet (Mishra et al.,
    "Accelerating Sparse Deep Neural Networks", 2021, for the pattern itself).
    """
    return {name: _patterned(weight, kept, of, share) for name, weight in weights.items() if weight.shape[1] % of == 0}


def apply_masks(network: nn.Module, masks: Masks) -> None:
    """Set what is masked to zero."""
    parameters = dict(network.named_parameters())
    with torch.no_grad():
        for name, mask in masks.items():
            parameters[name].mul_(mask)


def sparsity_of(network: nn.Module) -> float:
    """Share of zeros among all parameters."""
    parameters = list(network.parameters())
    return sum(int((p == 0).sum()) for p in parameters) / sum(p.numel() for p in parameters)


def _without_smallest(weight: Tensor, sparsity: float) -> Tensor:
    gone = round(weight.numel() * sparsity)
    mask = torch.ones(weight.numel(), dtype=torch.bool, device=weight.device)
    order = weight.detach().abs().flatten().argsort(stable=True)
    mask[order[:gone]] = False
    return mask.view(weight.shape)


def _patterned(weight: Tensor, kept: int, of: int, share: float) -> Tensor:
    groups = weight.detach().abs().movedim(1, -1).reshape(-1, of)
    lost = groups.sort(1).values[:, : of - kept].sum(1)
    chosen = lost.argsort(stable=True)[: round(len(lost) * share)]
    mask = torch.ones_like(groups, dtype=torch.bool)
    smallest = groups[chosen].argsort(stable=True, dim=1)[:, : of - kept]
    mask[chosen.unsqueeze(1), smallest] = False
    inputs_last = weight.movedim(1, -1).shape
    return mask.view(inputs_last).movedim(-1, 1).contiguous()
