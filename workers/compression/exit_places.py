"""What an exit at each of several places would bring, by validation images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, fx, nn

from workers.compression.cuts import Cut, after, before
from workers.compression.exit_network import EarlyExit
from workers.compression.exit_threshold import Outcomes, Threshold, temperature_of, threshold_of
from workers.compression.exit_training import ExitHeads
from workers.data import DataSet, evaluation_batches

BATCH_SIZE = 64


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What heads and network say of the validation images."""

    early: Sequence[Tensor]
    """Logits of each head, (n, classes)."""
    late: Tensor
    labels: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A cut with its head, calibrated. `threshold` is None where no image may leave."""

    cut: Cut
    head: nn.Sequential
    """Its logits are divided by the temperature already."""
    temperature: float
    threshold: Threshold | None

    def expected_macs(self, network_macs: int) -> float:
        """For an image in the mean, where the network takes so many."""
        share = self.threshold.exit_share if self.threshold else 0.0
        return self.exit_macs + (1 - share) * (network_macs - self.cut.macs)

    @property
    def exit_macs(self) -> int:
        """For an image that leaves."""
        (linear,) = (layer for layer in self.head if isinstance(layer, nn.Linear))
        return self.cut.macs + linear.weight.numel()


def spread(cuts: Sequence[Cut], count: int) -> list[Cut]:
    """At most so many, evenly over the multiply-accumulates."""
    total = cuts[-1].macs
    wanted = [total * number / (count + 1) for number in range(1, count + 1)]
    nearest = {min(range(len(cuts)), key=lambda index: abs(cuts[index].macs - macs)) for macs in wanted}
    return [cuts[index] for index in sorted(nearest)]


@torch.no_grad()
def seen_by(heads: ExitHeads, network: nn.Module, data: DataSet) -> Seen:
    """All of the validation split."""
    batches = list(evaluation_batches(data, data.validation, BATCH_SIZE))
    early = [heads.logits(images) for images, _ in batches]
    late = torch.cat([network(images) for images, _ in batches])
    labels = torch.cat([labels for _, labels in batches])
    return Seen([torch.cat(of_head) for of_head in zip(*early, strict=True)], late, labels)


@torch.no_grad()
def calibrated(cut: Cut, head: nn.Sequential, index: int, seen: Seen, most_loss: float, stranger: Tensor) -> Place:
    """`head` is changed. `stranger` are the logits that it gives for an image of no class, which must not leave."""
    early, labels = seen.early[index], seen.labels
    temperature = temperature_of(early, labels)
    for parameter in head.parameters():
        parameter.div_(temperature)
    confidences = EarlyExit.confidence(early / temperature).flatten()
    is_wrong = early.argmax(1) != labels
    outcomes = Outcomes(confidences, is_wrong, is_wrong & (seen.late.argmax(1) == labels))
    floor = EarlyExit.confidence(stranger / temperature).max().item()
    return Place(cut, head, temperature, threshold_of(outcomes, most_loss, floor))


def with_exit(graph: fx.GraphModule, place: Place) -> EarlyExit:
    """The network with an exit at `place`, which has a threshold."""
    assert place.threshold is not None
    network = EarlyExit(before(graph, [place.cut]), place.head, after(graph, place.cut), place.threshold.value)
    return network.requires_grad_(True).eval()


def leaving(network: EarlyExit, images: Tensor) -> np.ndarray:
    """Which normalised images (n, C, H, W) leave early, bool (n,)."""
    with torch.no_grad():
        (features,) = network.begin(images)
        sure: Tensor = network.confidence(network.head(features)) >= network.threshold
    return sure.flatten().numpy()
