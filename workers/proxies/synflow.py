"""Synaptic flow: how much of what enters a network its weights let through, whatever their signs.

Tanaka et al., "Pruning neural networks without any data by iteratively conserving synaptic flow", 2020
(arXiv 2006.05467), equation 2; summed over all parameters as a proxy by Abdelfattah et al., "Zero-Cost Proxies for
Lightweight NAS", 2021 (arXiv 2101.08134).
"""

import math
from copy import deepcopy

import torch
from torch import Tensor, nn


def synflow(network: nn.Module, images: Tensor) -> float:
    """The logarithm of sum(theta * dR/dtheta), R the sum of the outputs for one image of ones, all weights positive.

    As the authors do, batch norm is left out, since it would undo the growth that is measured. In float64: scores of
    deep networks exceed float32. -inf where nothing flows.
    """
    flowing = deepcopy(network).double().eval()
    _leave_out_normalisation(flowing)
    with torch.no_grad():
        for parameter in flowing.parameters():
            parameter.abs_()
    parameters = list(flowing.parameters())
    ones = torch.ones(1, *images.shape[1:], dtype=torch.float64, device=images.device)
    gradients = torch.autograd.grad(flowing(ones).sum(), parameters, allow_unused=True)
    score = sum((p * g).sum().item() for p, g in zip(parameters, gradients, strict=True) if g is not None)
    return math.log(score) if score > 0 else -math.inf


def _leave_out_normalisation(module: nn.Module) -> None:
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            setattr(module, name, nn.Identity())
        else:
            _leave_out_normalisation(child)
