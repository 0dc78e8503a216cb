"""Batch norm statistics of weights that were not trained with them: averaged or shared ones."""

from itertools import islice

import torch
from torch import nn

from workers.data import DataSet, Epoch, train_batches
from workers.training.transfer import on_device

CALIBRATION_IMAGES = 512
BATCH_SIZE = 64


@torch.no_grad()
def recalibrate(network: nn.Module, data: DataSet, images: int = CALIBRATION_IMAGES) -> None:
    """Set batch norm statistics to their averages over the first training `images` of a fixed order.

    The network is in eval mode afterwards, and was in it but for its norms: no random number is drawn.
    """
    norms = [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm) and m.track_running_stats]
    momenta = [norm.momentum for norm in norms]
    network.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain average over all batches
        norm.train()
    device = next(network.parameters()).device
    for batch, _ in islice(train_batches(data, BATCH_SIZE, Epoch(seed=0, number=0)), images // BATCH_SIZE):
        network(on_device(batch, device))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.eval()
