"""Accuracy and loss of a network on one split of a data set."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from workers.data import DataSet, Split, evaluation_batches
from workers.training.transfer import on_device

SMALL_BATCH = 64
ACCELERATOR_PIXELS = 2**19
"""Of all images of a batch, where they are small: 512 images of 32 x 32."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Accuracy is a share in [0, 1]; the loss is the mean cross-entropy, in nats."""

    accuracy: float
    loss: float
    sample_count: int


@torch.inference_mode()
def evaluate(model: nn.Module, data: DataSet, split: Split, batch_size: int | None = None) -> Evaluation:
    """Run every image of `split` once through `model` in eval mode; leaves its mode as found.

    By default in batches that suit the device: large ones leave a CPU's caches, small ones leave a GPU idle.
    """
    device = next(model.parameters()).device
    size = batch_size or _suitable_batch(device, data)
    correct = torch.zeros((), dtype=torch.int64, device=device)
    loss = torch.zeros((), dtype=torch.float64, device=device)
    was_training = model.training
    model.eval()
    try:
        for images, labels in evaluation_batches(data, split, size):
            logits = model(on_device(images, device))
            labels = on_device(labels, device)
            correct += (logits.argmax(1) == labels).sum()
            loss += F.cross_entropy(logits, labels, reduction="sum")
    finally:
        model.train(was_training)
    return Evaluation(correct.item() / len(split), loss.item() / len(split), len(split))


def _suitable_batch(device: torch.device, data: DataSet) -> int:
    on_cpu = device.type == "cpu"
    return SMALL_BATCH if on_cpu else max(SMALL_BATCH, ACCELERATOR_PIXELS // (data.height * data.width))
