"""The deployed form of a network: raw pixels in, logits out, normalisation inside."""

from collections.abc import Sequence

import torch
from torch import nn


class RawPixels(nn.Module):
    """Puts `(pixels - mean) / std` before `network`, so that whoever deploys it cannot forget or mistake it.

    Takes float (N, C, H, W) pixels in [0, 1]; `mean` and `std` have one entry a channel.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, network: nn.Module, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.network((pixels - self.mean) / self.std)
        return logits
