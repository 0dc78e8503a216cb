"""The loss as a function of all weights: what both figures of sharpness are taken of."""

from collections.abc import Callable, Sequence
from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

Weights = Sequence[Tensor]


def loss_of_weights(network: nn.Module, images: Tensor, labels: Tensor) -> tuple[Callable[[Weights], Tensor], Weights]:
    """The mean cross-entropy of `network`, in eval mode, as a function of its weights, and those it has: a copy."""
    frozen = deepcopy(network).eval().requires_grad_(False)
    names = [name for name, _ in frozen.named_parameters()]

    def loss(weights: Weights) -> Tensor:
        return F.cross_entropy(functional_call(frozen, dict(zip(names, weights, strict=True)), (images,)), labels)

    return loss, [parameter.detach().clone() for _, parameter in frozen.named_parameters()]


def gradient(loss: Callable[[Weights], Tensor], weights: Weights) -> list[Tensor]:
    """Of the loss at `weights`."""
    at = [w.detach().requires_grad_() for w in weights]
    return list(torch.autograd.grad(loss(at), at))
