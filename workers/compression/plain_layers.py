"""Layers whose weight is what a parametrization last made of it.

`torch.nn.utils.parametrize.remove_parametrizations` takes the weight from every copy of a layer, for they share one
class; here the layer is replaced by another.
"""

import torch
from torch import nn
from torch.nn.utils import parametrize


@torch.no_grad()
def make_weights_plain(network: nn.Module) -> None:
    """Change `network` in place. A layer that it has under several names stays one."""
    made: dict[nn.Module, nn.Module] = {}
    for name, layer in list(network.named_modules(remove_duplicate=False)):
        if isinstance(layer, nn.Conv2d | nn.Linear) and parametrize.is_parametrized(layer, "weight"):
            if layer not in made:
                made[layer] = _plain(layer)
            network.set_submodule(name, made[layer])


def _plain(layer: nn.Conv2d | nn.Linear) -> nn.Module:
    plain: nn.Conv2d | nn.Linear
    biased, place = layer.bias is not None, layer.weight.device
    if isinstance(layer, nn.Linear):
        plain = nn.Linear(layer.in_features, layer.out_features, bias=biased, device=place)
    else:
        plain = nn.Conv2d(
            layer.in_channels,
            layer.out_channels,
            layer.kernel_size,  # type: ignore[arg-type]  # torch types it as a tuple of any length
            layer.stride,  # type: ignore[arg-type]
            layer.padding,  # type: ignore[arg-type]
            layer.dilation,  # type: ignore[arg-type]
            layer.groups,
            biased,
            layer.padding_mode,
            device=place,
        )
    plain.weight.copy_(layer.weight)
    if layer.bias is not None and plain.bias is not None:
        plain.bias.copy_(layer.bias)
    return plain.train(layer.training)
