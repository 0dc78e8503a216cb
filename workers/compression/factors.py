"""A layer as a product of smaller ones, by truncated singular value decompositions of its weights."""

from collections import OrderedDict
from copy import deepcopy

import torch
from torch import Tensor, nn

Ranks = tuple[int, int]
"""Seen from the output channels and from the input channels; alike but for k x k kernels."""


def is_factorable(layer: nn.Module) -> bool:
    """Linear layers and convolutions that are not grouped."""
    return isinstance(layer, nn.Linear) or (
        type(layer) is nn.Conv2d and layer.groups == 1 and layer.padding_mode == "zeros"
    )


def is_matrix(layer: nn.Conv2d | nn.Linear) -> bool:
    """Whether the layer multiplies each place by a matrix: linear layers and pointwise convolutions do."""
    return isinstance(layer, nn.Linear) or layer.kernel_size == (1, 1)


def spectra_of(layer: nn.Conv2d | nn.Linear) -> tuple[Tensor, Tensor]:
    """Singular values, largest first, of the weight unfolded along output channels and along input channels."""
    outputs, inputs = (torch.linalg.svdvals(_unfolded(layer.weight, side)) for side in (0, 1))
    return outputs, inputs


@torch.no_grad()
def factored(layer: nn.Conv2d | nn.Linear, ranks: Ranks) -> nn.Sequential:
    """What computes nearly the same with less; the same, at full ranks.

    A matrix becomes two of rank `ranks[0]`, the best approximation there is (Eckart & Young, 1936). A k x k kernel
    becomes a smaller one between two pointwise convolutions: Tucker-2 (Kim et al., ICLR 2016, arXiv 1511.06530) by the
    higher-order SVD, whose error is at most the square root of two times the least.
    """
    if is_matrix(layer):
        left, values, right = torch.linalg.svd(_unfolded(layer.weight, 0), full_matrices=False)
        rank, root = ranks[0], values[: ranks[0]].sqrt()
        factors = {"reduce": root[:, None] * right[:rank], "expand": left[:, :rank] * root}
    else:
        outputs, inputs = (_basis(layer.weight, side, rank) for side, rank in enumerate(ranks))
        core = torch.einsum("oiyx,op,iq->pqyx", layer.weight.double(), outputs, inputs)
        factors = {"reduce": inputs.T, "core": core, "expand": outputs}
    return nn.Sequential(OrderedDict((name, _part(layer, name, weight)) for name, weight in factors.items()))


def _part(layer: nn.Conv2d | nn.Linear, name: str, weight: Tensor) -> nn.Module:
    """A factor as a layer: the last has the bias, the one that looks around, or else the first, the stride."""
    bias = layer.bias if name == "expand" else None
    made: nn.Conv2d | nn.Linear
    if isinstance(layer, nn.Linear):
        made = nn.Linear(weight.shape[1], weight.shape[0], bias is not None)
    else:
        made = nn.Conv2d(weight.shape[1], weight.shape[0], 1, bias=bias is not None)
        if name == ("reduce" if is_matrix(layer) else "core"):
            made = deepcopy(layer)
            made.in_channels, made.out_channels, made.bias = weight.shape[1], weight.shape[0], None
    made.weight = nn.Parameter(weight.reshape(*weight.shape[:2], *made.weight.shape[2:]).to(layer.weight))
    if bias is not None:
        made.bias = nn.Parameter(bias.clone())
    return made.train(layer.training)


def _basis(weight: Tensor, side: int, rank: int) -> Tensor:
    """Orthonormal columns (channels, rank) along which the weight is largest, seen from one side."""
    left: Tensor = torch.linalg.svd(_unfolded(weight, side), full_matrices=False)[0]
    return left[:, :rank]


def _unfolded(weight: Tensor, side: int) -> Tensor:
    """The weight as a matrix (channels, rest), in double precision."""
    return weight.detach().double().movedim(side, 0).flatten(1)
