"""Data sets: from a name in a spec to uint8 tensors on the three splits, and to batches for training."""

from workers.data.batches import Batch, Epoch, evaluation_batches, steps_per_epoch, train_batches
from workers.data.dataset import DataSet, MemorySplit, Split

__all__ = [
    "Batch",
    "DataSet",
    "Epoch",
    "MemorySplit",
    "Split",
    "evaluation_batches",
    "steps_per_epoch",
    "train_batches",
]
