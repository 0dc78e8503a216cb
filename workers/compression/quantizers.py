"""Rounding as an int8 file does it, inside a torch network that is trained or judged with it."""

import math

import torch
from torch import Tensor, nn

from workers.compression.bit_depth import straight_through_round

LEVELS = 255
"""Steps between the least and the largest number of an unsigned byte."""


class ActivationQuantizer(nn.Module):
    """Unsigned, one scale and zero point a tensor.

    The scale is learned as LSQ does (Esser et al., ICLR 2020, equation 3), by its logarithm: it stays positive, and one
    learning rate suits tensors of all ranges.
    """

    zero_point: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(1))
        self.register_buffer("zero_point", torch.zeros(1, dtype=torch.int32))
        self.enabled = True
        """Else it passes on what it is given."""

    @property
    def scale(self) -> Tensor:
        """(1,): what one step of the byte is worth."""
        return self.log_scale.exp()

    @torch.no_grad()
    def set_range(self, low: float, high: float) -> None:
        """What is representable from now on; zero always is, to the bit."""
        low, high = min(low, 0.0), max(high, 0.0)
        scale = max((high - low) / LEVELS, torch.finfo(torch.float32).tiny)
        self.log_scale.fill_(math.log(scale))
        self.zero_point.fill_(round(-low / scale))

    def forward(self, x: Tensor) -> Tensor:
        """Of the same shape."""
        if not self.enabled:
            return x
        if not (self.training and torch.is_grad_enabled()):
            return torch.fake_quantize_per_tensor_affine(x, self.scale, self.zero_point, 0, LEVELS)
        scale = scaled_gradient(self.scale, (x.numel() / len(x) * LEVELS) ** -0.5)
        low, high = -self.zero_point, LEVELS - self.zero_point
        rounded: Tensor = straight_through_round(torch.minimum(torch.maximum(x / scale, low), high)) * scale
        return rounded


class WeightQuantizer(nn.Module):
    """Signed and symmetric, one scale an output channel: that at which its largest weight is the largest number."""

    def __init__(self, bits: int) -> None:
        super().__init__()
        self.bits = bits
        self.enabled = True

    def scales(self, weight: Tensor) -> Tensor:
        """(outputs,)"""
        largest: Tensor = weight.detach().flatten(1).abs().amax(1)
        steps = (1 << (self.bits - 1)) - 1
        return (largest / steps).clamp_min(torch.finfo(torch.float32).tiny)

    def forward(self, weight: Tensor) -> Tensor:
        """The weight (outputs, ...) as it is computed with."""
        if not self.enabled:
            return weight
        scales = self.scales(weight).view(-1, *[1] * (weight.ndim - 1))
        return straight_through_round(weight / scales) * scales


def scaled_gradient(x: Tensor, factor: float) -> Tensor:
    """`x`, whose gradient is multiplied by the factor."""
    return (x - x * factor).detach() + x * factor
