"""Which channels of a network can only go together, and what each of them costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from nas_service.domain.errors import PermanentError

COUNTED = (nn.Conv2d, nn.Linear)


@dataclass(frozen=True, slots=True)
class ChannelGroup:
    """Channels that go from several layers at once: a residual sum, say, has the same channels in all its terms."""

    group: Any
    """Torch-Pruning's, which has no types."""
    makers: tuple[tuple[nn.Module, tuple[int, ...], tuple[int, ...]], ...]
    """Layers that give the channels: each with its own indices and those of the group that they stand for."""
    takers: tuple[nn.Module, ...]
    """Layers that take them as input, and multiply by them."""
    channels: int

    @property
    def layers(self) -> list[nn.Module]:
        """All that change with it, each once."""
        return list(dict.fromkeys([*(layer for layer, _, _ in self.makers), *self.takers]))

    def prune(self, channels: Sequence[int]) -> None:
        """Take these out of every layer of the network."""
        self.group.prune(list(channels))


@dataclass(frozen=True, slots=True)
class Channels:
    """All groups of a network, and its layers' multiply-accumulates for one image."""

    groups: tuple[ChannelGroup, ...]
    macs: dict[nn.Module, int]


def channels_of(network: nn.Module, image: Tensor) -> Channels:
    """Of a network that takes `image` (1, C, H, W). The channels of image and logits are in no group.

    Pruning a group changes `network` itself, and leaves the others valid. Found with Torch-Pruning (Fang et al.,
    "DepGraph: Towards Any Structural Pruning", CVPR 2023). Raises PermanentError where that is not installed.
    """
    try:
        import torch_pruning
    except ImportError as error:
        raise PermanentError(
            "library-missing", "prune-channels needs Torch-Pruning; pip install 'nas-service[compress]'"
        ) from error
    macs = _macs_of(network, image)
    with torch.enable_grad():
        graph = torch_pruning.DependencyGraph().build_dependency(network, image)
    last = list(macs)[-1]
    return Channels(tuple(_group(found) for found in graph.get_all_groups(ignored_layers=[last])), macs)


def _macs_of(network: nn.Module, image: Tensor) -> dict[nn.Module, int]:
    """By layer, in the order they run: each weight is used once at every place of the output."""
    macs: dict[nn.Module, int] = {}

    def count(layer: nn.Module, _: object, output: Tensor) -> None:
        places = output[0, 0].numel() if isinstance(layer, nn.Conv2d) else 1
        macs[layer] = macs.get(layer, 0) + places * layer.weight.numel()  # type: ignore[operator]

    hooks = [layer.register_forward_hook(count) for layer in network.modules() if isinstance(layer, COUNTED)]
    try:
        with torch.no_grad():
            network(image)
    finally:
        for hook in hooks:
            hook.remove()
    return macs


def _group(group: Any) -> ChannelGroup:
    makers, takers = [], []
    for item in group:
        layer, graph = item.dep.target.module, group._DG
        if graph.is_out_channel_pruning_fn(item.dep.handler):
            makers.append((layer, tuple(item.idxs), tuple(item.root_idxs)))
        elif isinstance(layer, COUNTED):
            takers.append(layer)
    return ChannelGroup(group, tuple(makers), tuple(takers), len(group[0].idxs))
