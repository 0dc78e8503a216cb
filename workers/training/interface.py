"""What goes into a training beside network, data and configuration, and what comes out while it runs and after."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from workers.training.checkpoint import Checkpoint
from workers.training.teachers import Teacher


@dataclass(frozen=True, slots=True)
class Progress:
    """One optimizer step is done. `loss` stays a 0-d tensor, so that reading it (and waiting for it) is a choice."""

    epoch: int
    step: int
    total_steps: int
    samples_seen: int
    loss: Tensor


@dataclass(frozen=True, slots=True)
class EpochMetrics:
    """One point of the learning curve. Accuracies are shares in [0, 1]; `duration_s` counts from the start."""

    epoch: int
    train_loss: float
    validation_loss: float
    validation_accuracy: float
    duration_s: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def _ignore(*_: object) -> None:
    return None


@dataclass(frozen=True, slots=True)
class TrainingHooks:
    """Callbacks of one training. `save` gets a checkpoint every `checkpoint_interval_s` and when interrupted."""

    on_step: Callable[[Progress], None] = _ignore
    on_epoch: Callable[[EpochMetrics], None] = _ignore
    save: Callable[[Checkpoint], None] = _ignore
    checkpoint_interval_s: float = 60.0
    fork: Callable[[Checkpoint], None] | None = None
    """Gets the last state from which a longer training would go on as from its own: where a cool-down begins."""
    before_batch: Callable[[], None] = _ignore
    """Called before each batch of what precedes the first step, such as asking teachers; may raise to stop."""


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What a training needs to know beyond what is trained: its seed, its device and where to remember things."""

    seed: int = 0
    device: str = "auto"
    """A torch device; `auto` takes CUDA where present."""
    cache_dir: Path | None = None
    """Keeps what was measured once about this machine, and what teachers said."""
    teachers: Callable[[], Sequence[Teacher]] = tuple
    """Called once by a training that distils."""


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """A finished training. Accuracy and loss are on the validation split, of the network in `weights`."""

    validation_accuracy: float
    validation_loss: float
    curve: list[dict[str, Any]]
    epochs: int
    steps: int
    duration_s: float
    samples_per_s: float
    """Training images a second, validation included."""
    precision: str
    device: str
    weights: dict[str, Tensor]
    """State of the network to deploy, on the CPU: the moving average where there is one."""
