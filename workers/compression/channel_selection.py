"""Chooses which channels to remove, so that the least importance is lost for the multiply-accumulates saved."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from nas_service.domain.errors import PermanentError
from workers.compression.channel_groups import ChannelGroup, Channels

Removed = list[list[int]]
"""Channels to remove from each group, in the groups' order."""


class NothingLeftError(PermanentError):
    """A budget that no choice of channels meets."""


def least_macs(channels: Channels, divisor: int) -> float:
    """The multiply-accumulates that are left when every group has one block of `divisor` channels."""
    selection = _Selection(channels, [torch.zeros(group.channels) for group in channels.groups], divisor)
    return selection.least_macs()


def too_small(macs: float, divisor: int) -> NothingLeftError:
    """What to raise where only so many are left and a budget asks for less."""
    return NothingLeftError(
        "pruned-too-far",
        f"{macs:.0f} multiply-accumulates are left when every layer has one block of {divisor} channels;"
        " raise macs_share or latency_ms, or lower divisor",
    )


def select(channels: Channels, importances: Sequence[Tensor], most_macs: float, divisor: int) -> Removed:
    """The channels to remove until at most `most_macs` are left, each group in blocks of `divisor`.

    Greedy: the block that goes next is the one that loses the least importance for each multiply-accumulate it saves
    in the network as it is then. Every group keeps a block. Raises NothingLeftError.
    """
    selection = _Selection(channels, importances, divisor)
    while selection.macs > most_macs:
        selection.remove_next_block()
    return selection.removed


class _Selection:
    def __init__(self, channels: Channels, importances: Sequence[Tensor], divisor: int) -> None:
        self._groups, self._divisor = channels.groups, divisor
        self._orders = [torch.argsort(importance).tolist() for importance in importances]
        self._lost = [importance.sort().values.cumsum(0).tolist() for importance in importances]
        self._gone = [0] * len(channels.groups)
        self._full = channels.macs
        self._touching = _groups_touching(channels.groups, channels.macs)
        self._macs = {layer: float(macs) for layer, macs in channels.macs.items()}

    @property
    def macs(self) -> float:
        """What is left."""
        return sum(self._macs.values())

    @property
    def removed(self) -> Removed:
        return [sorted(order[:gone]) for order, gone in zip(self._orders, self._gone, strict=True)]

    def remove_next_block(self) -> None:
        prices = {i: self._price(i) for i in range(len(self._groups)) if self._can_lose(i)}
        if not prices:
            raise too_small(self.macs, self._divisor)
        chosen = min(prices, key=prices.__getitem__)
        self._gone[chosen] += self._block(chosen)
        for layer in self._layers(chosen):
            self._macs[layer] = self._full[layer] * self._left(layer, self._gone)

    def least_macs(self) -> float:
        gone = [max(0, group.channels - self._divisor) for group in self._groups]
        return sum(full * self._left(layer, gone) for layer, full in self._full.items())

    def _price(self, index: int) -> float:
        """Importance lost for each multiply-accumulate saved, by the group's next block."""
        gone = self._gone[index]
        after = [*self._gone]
        after[index] = gone + self._block(index)
        saved: float = sum(
            self._macs[layer] - self._full[layer] * self._left(layer, after) for layer in self._layers(index)
        )
        lost = self._lost[index]
        price: float = (lost[after[index] - 1] - (lost[gone - 1] if gone else 0.0)) / saved
        return price

    def _block(self, index: int) -> int:
        """Channels that go at once: as many as leave a multiple of the divisor."""
        return (self._groups[index].channels - self._gone[index]) % self._divisor or self._divisor

    def _can_lose(self, index: int) -> bool:
        return self._groups[index].channels - self._gone[index] > self._divisor

    def _layers(self, index: int) -> list[nn.Module]:
        return [layer for layer, groups in self._touching.items() if index in groups]

    def _left(self, layer: nn.Module, gone: Sequence[int]) -> float:
        """Share of a layer: a depthwise one shrinks with its channels, others with those of both sides."""
        share = 1.0
        for index in self._touching[layer]:
            share *= 1 - gone[index] / self._groups[index].channels
        return share


def _groups_touching(groups: Sequence[ChannelGroup], macs: Mapping[nn.Module, int]) -> dict[nn.Module, list[int]]:
    """The groups of each counted layer's output and of its input; one group that is both counts once."""
    touching: dict[nn.Module, list[int]] = {layer: [] for layer in macs}
    for index, group in enumerate(groups):
        for layer in group.layers:
            if layer in touching:
                touching[layer].append(index)
    return touching
