"""Data sets: from a name in a spec to uint8 images in three splits, and to batches for training."""

from workers.data.batches import (
    Batch,
    Epoch,
    evaluation_batches,
    spread_batch,
    steps_per_epoch,
    train_batches,
    visiting_order,
)
from workers.data.dataset import DataSet, MemorySplit, Split
from workers.data.load import load_dataset
from workers.data.summary import summary

__all__ = [
    "Batch",
    "DataSet",
    "Epoch",
    "MemorySplit",
    "Split",
    "evaluation_batches",
    "load_dataset",
    "spread_batch",
    "steps_per_epoch",
    "summary",
    "train_batches",
    "visiting_order",
]
