"""Accuracy and loss of a network on one split of a data set."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from workers.data import DataSet, Split, evaluation_batches


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Accuracy is a share in [0, 1]; the loss is the mean cross-entropy, in nats."""

    accuracy: float
    loss: float
    sample_count: int


@torch.inference_mode()
def evaluate(model: nn.Module, data: DataSet, split: Split, batch_size: int = 64) -> Evaluation:
    """Run every image of `split` once through `model` in eval mode; leaves its mode as found."""
    device = next(model.parameters()).device
    correct = torch.zeros((), dtype=torch.int64, device=device)
    loss = torch.zeros((), dtype=torch.float64, device=device)
    was_training = model.training
    model.eval()
    try:
        for images, labels in evaluation_batches(data, split, batch_size):
            logits = model(images.to(device, non_blocking=True))
            labels = labels.to(device, non_blocking=True)
            correct += (logits.argmax(1) == labels).sum()
            loss += F.cross_entropy(logits, labels, reduction="sum")
    finally:
        model.train(was_training)
    return Evaluation(correct.item() / len(split), loss.item() / len(split), len(split))
