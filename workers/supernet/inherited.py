"""A network with a supernet's weights, ready to be judged: batch norm recalibrated on training images."""

from itertools import islice

import torch
from torch import nn

from search_spaces import Architecture
from search_spaces.supernet import Supernet
from workers.data import DataSet, Epoch, train_batches

CALIBRATION_IMAGES = 512
BATCH_SIZE = 64


def inherited_network(supernet: Supernet, architecture: Architecture, data: DataSet) -> nn.Module:
    """A plain network of its own, in eval mode, with the supernet's weights and its own batch norm statistics.

    The shared weights were trained under the statistics of many networks; each has to find its own before it is worth
    anything (Yu et al., ECCV 2020, section 3.4).
    """
    network = supernet.extract(architecture)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's stubs
    recalibrate(network, data)
    return network.eval()


@torch.inference_mode()
def recalibrate(network: nn.Module, data: DataSet) -> None:
    """Set batch norm statistics to their averages over the first training images of a fixed order."""
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain average over all batches
    network.train()
    device = next(network.parameters()).device
    for images, _ in islice(train_batches(data, BATCH_SIZE, Epoch(seed=0, number=0)), CALIBRATION_IMAGES // BATCH_SIZE):
        network(images.to(device))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
