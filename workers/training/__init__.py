"""Training: from a network, a data set and a configuration to weights and honest validation metrics."""

from workers.interrupted import Interrupted
from workers.training.checkpoint import Checkpoint, CheckpointError
from workers.training.evaluation import Evaluation, evaluate
from workers.training.interface import (
    EpochMetrics,
    Progress,
    RunSettings,
    TrainingHooks,
    TrainingResult,
)
from workers.training.loop import train

__all__ = [
    "Checkpoint",
    "CheckpointError",
    "EpochMetrics",
    "Evaluation",
    "Interrupted",
    "Progress",
    "RunSettings",
    "TrainingHooks",
    "TrainingResult",
    "evaluate",
    "train",
]
