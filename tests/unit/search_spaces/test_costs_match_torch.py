"""Analytic costs against counts taken from the built torch network, over hundreds of architectures."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from search_spaces import Architecture, NetworkInput, SearchSpace, build
from search_spaces.blocks import Fused, Inverted, SqueezeExcite

LAYERS = (nn.Conv2d, nn.Linear, nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d)


@dataclass
class PeakMeter:
    """Applies the rule of `cost.py` to what really runs, by hooks."""

    peak: int = 0
    skipped: Tensor | None = None

    def attach(self, network: nn.Module) -> None:
        for module in network.modules():
            if isinstance(module, LAYERS):
                module.register_forward_hook(self.after_layer)
            if isinstance(module, SqueezeExcite):
                module.register_forward_hook(self.after_squeeze_excite)
            if isinstance(module, Inverted | Fused) and module.residual:
                module.register_forward_pre_hook(self.before_residual)
                module.register_forward_hook(self.after_residual)

    def hold(self, *tensors: Tensor) -> None:
        kept = {id(tensor): tensor for tensor in (*tensors, *([] if self.skipped is None else [self.skipped]))}
        self.peak = max(self.peak, sum(4 * tensor.numel() for tensor in kept.values()))

    def after_layer(self, _: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        self.hold(inputs[0], output)

    def after_squeeze_excite(self, module: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        gate = torch.empty(inputs[0].shape[1])
        self.hold(inputs[0], gate, output)

    def before_residual(self, _: nn.Module, inputs: tuple[Tensor]) -> None:
        self.skipped = inputs[0]

    def after_residual(self, _: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        self.hold(torch.empty_like(output), output)
        self.skipped = None


def deployed_weight_bytes(network: nn.Module) -> int:
    """Weights of convolutions and linear layers with their biases; a folded batch norm leaves one bias a channel."""
    total = 0
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            total += module.weight.numel() + (0 if module.bias is None else module.bias.numel())
        elif isinstance(module, nn.BatchNorm2d):
            total += module.num_features
    return 4 * total


def counted(space: SearchSpace, architecture: Architecture, network_input: NetworkInput) -> list[int]:
    network = build(space, architecture, network_input).eval()
    side = int(architecture.values["resolution"])
    images = torch.zeros(1, network_input.channels, side, side)
    meter = PeakMeter()
    meter.attach(network)
    with torch.no_grad(), FlopCounterMode(display=False) as flops:
        network(images)
    params = sum(parameter.numel() for parameter in network.parameters())
    return [flops.get_total_flops() // 2, params, deployed_weight_bytes(network), meter.peak]


@pytest.mark.parametrize(
    ("count", "network_input"),
    [
        (15, NetworkInput(1, 10)),
        (15, NetworkInput(3, 1000)),
        pytest.param(25, NetworkInput(3, 10), marks=pytest.mark.slow),
    ],
)
def test_analytic_costs_equal_counted_costs(space: SearchSpace, count: int, network_input: NetworkInput) -> None:
    torch.set_num_threads(1)
    architectures = space.sample(np.random.default_rng(count), count)
    cost = space.cost(architectures, network_input)
    analytic = np.stack([cost.macs, cost.params, cost.weight_bytes, cost.peak_activation_bytes], axis=1)
    for architecture, expected in zip(architectures, analytic.tolist(), strict=True):
        assert counted(space, architecture, network_input) == expected, architecture.to_json()
