"""Weights of a learned number of bits: the quantizer of self-compressing networks.

Csefalvay & Imber, "Self-Compressing Neural Networks", 2023 (arXiv 2301.13142), equation 1: of an output channel with
bit depth b >= 0 and exponent e, a weight x becomes 2^e * round(clamp(2^-e x, -2^(b-1), 2^(b-1) - 1)), which is zero at
b = 0. Rounding passes gradients straight through. Exponents are whole numbers, as they are stored. Beside x and b, the
logarithm r of the range is learned, and e = r - b + 1 follows: a bit less then makes steps coarser, where at a fixed e
it would cut off the largest weights.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

RATE = 16.0
"""How much faster bits and ranges move than weights do under Adam: they go from ten to zero, not some hundredths."""


class BitDepth(nn.Module):
    """The quantizer of one layer's weight (outputs, ...), as a parametrization of it."""

    live_inputs: Tensor
    live_outputs: Tensor

    def __init__(self, weight: Tensor, bits: float) -> None:
        """Begins with so many bits, and ranges that just hold each channel's largest weight."""
        super().__init__()
        largest = weight.detach().flatten(1).abs().amax(1).clamp_min(torch.finfo(weight.dtype).tiny)
        self.slow_bits = nn.Parameter(torch.full_like(largest, bits / RATE))
        self.slow_ranges = nn.Parameter(largest.log2().ceil() / RATE)
        self.weights_an_input = weight[0, 0].numel()
        self.register_buffer("live_inputs", torch.tensor(float(weight.shape[1]), device=weight.device))
        self.register_buffer("live_outputs", torch.ones_like(largest))

    @property
    def bits(self) -> Tensor:
        """(outputs,), fractional while training."""
        return self.slow_bits * RATE

    @property
    def exponents(self) -> Tensor:
        """(outputs,), whole numbers."""
        return straight_through_round(self.slow_ranges * RATE - self.bits + 1)

    def size_bits(self) -> Tensor:
        """What the weights take that are left once dead channels are removed, differentiable in the bits."""
        return (self.bits * self.live_outputs).sum() * self.live_inputs * self.weights_an_input

    def integers(self, weight: Tensor) -> Tensor:
        """Whole numbers of the weight's shape: what is stored."""
        shape = (-1, *[1] * (weight.ndim - 1))
        half = (2.0 ** (self.bits - 1)).view(shape)
        scaled = weight * (2.0**-self.exponents).view(shape)
        return straight_through_round(torch.minimum(torch.maximum(scaled, -half), half - 1))

    def forward(self, weight: Tensor) -> Tensor:
        """The weight as it is computed with."""
        shape = (-1, *[1] * (weight.ndim - 1))
        return self.integers(weight) * (2.0**self.exponents).view(shape)


def straight_through_round(x: Tensor) -> Tensor:
    """Rounded to even; its gradient is that of `x`."""
    return x + (x.round() - x).detach()


def learn_bit_depths(network: nn.Module, bits: float) -> None:
    """Change `network` in place: the weights of its convolutions and linear layers get bit depths, and its batch norms
    a mask `heard` of the channels that are not dead."""
    for layer in list(network.modules()):
        if isinstance(layer, nn.Conv2d | nn.Linear):
            parametrize.register_parametrization(layer, "weight", BitDepth(layer.weight, bits))
        if isinstance(layer, nn.BatchNorm2d) and layer.affine:
            layer.register_buffer("heard", torch.ones_like(layer.weight))


def bit_depth_of(layer: nn.Module) -> BitDepth | None:
    """The quantizer of a layer that has one."""
    if not parametrize.is_parametrized(layer, "weight"):
        return None
    quantizer = layer.parametrizations["weight"][0]  # type: ignore[index]
    return quantizer if isinstance(quantizer, BitDepth) else None


def bit_depths(network: nn.Module) -> list[BitDepth]:
    """All quantizers of a network."""
    return [module for module in network.modules() if isinstance(module, BitDepth)]
