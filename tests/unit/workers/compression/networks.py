"""One network with every kind of layer that a channel can pass: residual sums, gates, depthwise and dense kernels."""

import torch
from torch import nn

from search_spaces import NetworkInput, build, get

INPUT = NetworkInput(3, 3)
IMAGES = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def architecture():
    """Of the `mobilenet` space."""
    choices = {"resolution": 8, "stages": 3, "width_multiplier": 1.0, "depth_multiplier": 1.0}
    choices |= {"stem_width": 16, "head_width": 64}
    stages = [
        {"kind": "inverted", "kernel": 3, "expansion": 2, "squeeze_excite": True, "activation": "hard_swish"},
        {"kind": "fused", "fused_kernel": 3, "expansion": 2, "squeeze_excite": False, "downsample": "stride"},
        {"kind": "separable", "kernel": 5},
    ]
    for number, stage in enumerate(stages, 1):
        own = {"depth": 2, "activation": "relu", **stage}
        choices |= {f"stage{number}_{name}": value for name, value in own.items()}
    return get("mobilenet", preset="tiny").canonical(choices)


def mixed_network() -> nn.Module:
    """In eval mode, its batch norms as if trained."""
    torch.manual_seed(3)
    network = build(get("mobilenet", preset="tiny"), architecture(), INPUT)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
            nn.init.uniform_(module.running_mean, -0.2, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    return network.eval()
