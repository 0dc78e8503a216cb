"""What a network of any make costs: found by running it, since a compressed one has no plan to read it from."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from nas_service.domain.errors import PermanentError
from workers.compression.contract import Workbench
from workers.data import DataSet

FLOPS_PER_MAC = 2


@dataclass(frozen=True, slots=True)
class NetworkCost:
    """For one image."""

    macs: int
    """Multiply-accumulates of convolutions and linear layers."""
    params: int
    """Trainable parameters."""


def image_like(data: DataSet, network: nn.Module) -> torch.Tensor:
    """One empty normalised image (1, C, H, W), where the network is."""
    return torch.zeros(1, data.channels, data.height, data.width, device=next(network.parameters()).device)


def cost_of(network: nn.Module, data: DataSet) -> NetworkCost:
    """Counted in one pass of a network in eval mode."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(image_like(data, network))
    params = sum(parameter.numel() for parameter in network.parameters())
    return NetworkCost(counter.get_total_flops() // FLOPS_PER_MAC, params)


def latency_of(network: nn.Module, bench: Workbench, field: str) -> float:
    """Milliseconds on the target. Raises PermanentError, which names the option `field`, where nobody can tell."""
    if bench.latency_ms is None:
        raise PermanentError("no-latency", f"{field} needs a target whose latency can be told; remove it")
    return bench.latency_ms(network)
