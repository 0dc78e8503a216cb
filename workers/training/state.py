"""What changes while a network trains, and its way into a checkpoint and back, bit by bit."""

from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import nn

from workers.training.average import Average
from workers.training.checkpoint import Checkpoint, CheckpointError, with_prefix
from workers.training.interface import EpochMetrics
from workers.training.optimizer import optimizer_tensors, restore_optimizer
from workers.training.precision import Precision


class Memory(Protocol):
    """A part of a training that remembers something from step to step."""

    def tensors(self) -> dict[str, torch.Tensor]:
        """All that it remembers."""

    def restore(self, tensors: dict[str, torch.Tensor]) -> None:
        """Put back what `tensors` gave."""


@dataclass(slots=True)
class TrainingState:
    """`identity` tells one training from another: a checkpoint is continued only where it is the same.

    Trainings that differ in nothing but their length may share their beginning.
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer
    average: Average | None
    identity: dict[str, Any]
    epochs: int
    shared_steps: int
    """Steps that a training of any greater length begins with too."""
    precision: Precision
    epoch_loss: torch.Tensor
    """Sum of the running epoch's batch losses, on the device."""
    step: int = 0
    seconds_before: float = 0.0
    curve: list[EpochMetrics] = field(default_factory=list)
    metrics: type[EpochMetrics] = EpochMetrics
    """What a point of the curve is read back as."""
    memories: dict[str, Memory] = field(default_factory=dict)
    """Further parts by name."""

    @property
    def deployed(self) -> nn.Module:
        """The network to validate and keep: the average where there is one."""
        return self.average.model if self.average and self.average.has_begun(self.step) else self.model

    def to_checkpoint(self, duration_s: float) -> Checkpoint:
        """A copy of everything; `duration_s` is the time spent so far, earlier runs included."""
        tensors = with_prefix("model", self.model.state_dict())
        tensors |= with_prefix("optimizer", optimizer_tensors(self.optimizer))
        tensors |= with_prefix("random", _random_state())
        tensors |= with_prefix("loss", {"epoch": self.epoch_loss})
        if self.average:
            tensors |= with_prefix("average", self.average.model.state_dict())
        for name, memory in self.memories.items():
            tensors |= with_prefix(name, memory.tensors())
        facts = {
            "identity": self.identity,
            "epochs": self.epochs if self.step > self.shared_steps else None,
            "precision": self.precision,
            "step": self.step,
            "duration_s": duration_s,
            "curve": [point.to_dict() for point in self.curve],
        }
        return Checkpoint(tensors, facts)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Continue from `checkpoint`. Raises CheckpointError where it belongs to another training."""
        theirs = checkpoint.facts["identity"]
        for name, mine in self.identity.items():
            if theirs.get(name) != mine:
                raise CheckpointError(
                    "foreign-checkpoint", f"the checkpoint's {name} is {theirs.get(name)}, this training's {mine}"
                )
        step, epochs = checkpoint.facts["step"], checkpoint.facts["epochs"]
        if epochs != self.epochs and (epochs is not None or step > self.shared_steps):
            detail = f"the checkpoint after step {step} is not on the way of a training of {self.epochs} epochs"
            raise CheckpointError("foreign-checkpoint", detail)
        self.precision = checkpoint.facts["precision"]
        self.step = step
        self.seconds_before = checkpoint.facts["duration_s"]
        self.curve = [self.metrics(**point) for point in checkpoint.facts["curve"]]
        self.epoch_loss.copy_(checkpoint.part("loss")["epoch"])
        _load(self.model, checkpoint, "model")
        if self.average:
            _load(self.average.model, checkpoint, "average")
        for name, memory in self.memories.items():
            memory.restore(checkpoint.part(name))
        restore_optimizer(self.optimizer, checkpoint.part("optimizer"))
        _restore_random_state(checkpoint.part("random"))


def _load(model: nn.Module, checkpoint: Checkpoint, part: str) -> None:
    try:
        model.load_state_dict(checkpoint.part(part))
    except RuntimeError as error:
        raise CheckpointError("foreign-checkpoint", f"the checkpoint is of another network: {error}") from error


def _random_state() -> dict[str, torch.Tensor]:
    state = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def _restore_random_state(state: dict[str, torch.Tensor]) -> None:
    torch.set_rng_state(state["cpu"])
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])
