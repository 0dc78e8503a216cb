"""Networks of a few hundred weights with everything that ties channels together."""

import torch
from torch import Tensor, nn

from search_spaces.blocks import ConvBNAct, SqueezeExcite

SHAPE = (3, 8, 8)


class SmallNetwork(nn.Module):
    """Stem, a depthwise block with attention in a residual, a padded convolution, and a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = ConvBNAct(3, 8, kernel=3).then("relu")
        self.expand = ConvBNAct(8, 12).then("hard_swish")
        self.depthwise = ConvBNAct(12, 12, kernel=3, depthwise=True).then("relu")
        self.se = SqueezeExcite(12, 4)
        self.project = ConvBNAct(12, 8)
        self.head = ConvBNAct(8, 16, kernel=3, stride=2).then("relu")
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.linear = nn.Linear(16, 5)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, 8, 8) to (N, 5)."""
        x = self.stem(x)
        x = x + self.project(self.se(self.depthwise(self.expand(x))))
        return self.linear(self.pool(self.head(x)).flatten(1))


def small_network(seed: int = 0) -> SmallNetwork:
    """In eval mode, with batch norms as after a training."""
    torch.manual_seed(seed)
    network = SmallNetwork()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.2)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.3)
    return network.eval()


def images(count: int = 4, seed: int = 1) -> Tensor:
    """float32 (count, 3, 8, 8)."""
    return torch.randn(count, *SHAPE, generator=torch.Generator().manual_seed(seed))
