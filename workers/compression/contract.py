"""What a compression step gets and gives.

A step is a function `step(network, options, bench) -> Compressed`: it takes a trained network in eval mode, which it
leaves as it is, and gives another one with the same input (normalised images, float32 (N, C, H, W)) and output (logits,
float32 (N, classes)). Steps of a recipe run one after the other; what each may follow, and which files its network can
be exported to, `nas_service.domain.recipe` says before anything runs. A step knows nothing of searches, stores or
queues.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import nn

from nas_service.domain.spec import TrainingSpec
from workers.data import DataSet
from workers.training.loop import Loop, TrainingLoop


class Train(Protocol):
    """Trains a copy of the network on the bench's data and gives it in eval mode, with the weights to deploy.

    Interruptible and reported like every training of a candidate; `config` is the bench's with changes.
    Raises TrainingDivergedError, Interrupted.
    """

    def __call__(self, network: nn.Module, config: TrainingSpec, loop: Loop = TrainingLoop) -> nn.Module: ...


@dataclass(frozen=True, slots=True)
class Workbench:
    """What a step may use."""

    data: DataSet
    """The network is fitted to its training split and judged by its validation split; a step never sees the test."""
    training: TrainingSpec
    """How the network was trained: a step that fine-tunes does so with fewer epochs and a lower learning rate."""
    train: Train
    seed: int = 0
    latency_ms: Callable[[nn.Module], float] | None = None
    """What a network takes on the target, measured or predicted; None where nobody can tell."""


@dataclass(frozen=True, slots=True)
class Compressed:
    """What came out of a step."""

    network: nn.Module
    """In eval mode."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What was done, as JSON for card and API: kept channels, ranks, bits. Names carry their units."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Further files of the bundle by name, such as packed weights. One that is named as a format's file
    (`ModelFormat.file_name`) is taken for the network's export in that format, in place of the exporter's."""
