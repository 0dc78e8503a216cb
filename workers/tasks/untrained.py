"""A network as it is initialised, in the place of a trained one: its latency is the same, its accuracy chance."""

import time

import torch
import torch.nn.functional as F
from torch import nn

from workers.data import DataSet
from workers.training import TrainingResult

IMAGES = 64
"""Validation images that it is run on, at most: enough to see that it runs, too few to judge it by."""


@torch.inference_mode()
def untrained(model: nn.Module, data: DataSet) -> TrainingResult:
    """What a training of no steps gives. `model` is left in eval mode."""
    start = time.perf_counter()
    pixels = torch.from_numpy(data.validation.rows(slice(0, IMAGES)).copy()).permute(0, 3, 1, 2).float().div(255)
    mean, std = (torch.tensor(values)[:, None, None] for values in (data.mean, data.std))
    labels = data.validation.labels[: len(pixels)]
    logits = model.eval()((pixels - mean) / std)
    return TrainingResult(
        validation_accuracy=(logits.argmax(1) == labels).float().mean().item(),
        validation_loss=F.cross_entropy(logits, labels).item(),
        curve=[],
        epochs=0,
        steps=0,
        duration_s=time.perf_counter() - start,
        samples_per_s=0.0,
        precision="fp32",
        device="cpu",
        weights={name: tensor.detach().clone() for name, tensor in model.state_dict().items()},
    )
