"""A small network that has learnt nothing, and images for it."""

import pytest
import torch
from torch import nn

from workers.export import ExportFacts

FACTS = ExportFacts(
    classes=("cat", "dog", "fish"),
    channels=3,
    height=12,
    width=12,
    mean=(0.5, 0.4, 0.3),
    std=(0.2, 0.3, 0.25),
    space="toy",
    architecture_key="abc123",
)


class Residual(nn.Module):
    """Depthwise, batch norm, hard-swish and a skip: what the export must fold and keep."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.block = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False),
            nn.BatchNorm2d(channels),
            nn.Hardswish(),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.block(x)


@pytest.fixture
def network() -> nn.Module:
    """A small network whose batch norm statistics are not the trivial ones."""
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        Residual(8),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(1),
        nn.Linear(8, 3),
    )
    for _ in range(5):
        network(torch.randn(16, 3, 12, 12) * 2 + 1)
    return network.eval()


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(5, 3, 12, 12, generator=torch.Generator().manual_seed(1))
