"""Normalisation as part of a network, so that what is deployed takes raw pixels."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Normalised(nn.Module):
    """A network behind (x - mean) / std by channel: raw pixels in [0, 1], (N, C, H, W), to what the network gives."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32).view(1, -1, 1, 1))
        self.network = network

    def forward(self, pixels: Tensor) -> Tensor:
        """(N, C, H, W) in [0, 1] to logits (N, classes)."""
        logits: Tensor = self.network((pixels - self.mean) / self.std)
        return logits
