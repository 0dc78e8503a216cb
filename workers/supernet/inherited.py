"""A network with a supernet's weights, ready to be judged: batch norm recalibrated on training images."""

import torch
from torch import nn

from search_spaces import Architecture
from search_spaces.supernet import Supernet
from workers.data import DataSet
from workers.training.recalibration import CALIBRATION_IMAGES, recalibrate


def inherited_network(
    supernet: Supernet, architecture: Architecture, data: DataSet, images: int = CALIBRATION_IMAGES
) -> nn.Module:
    """A plain network of its own, in eval mode, with the supernet's weights and its own batch norm statistics.

    The shared weights were trained under the statistics of many networks; each has to find its own before it is worth
    anything (Yu et al., ECCV 2020, section 3.4).
    """
    network = supernet.extract(architecture).to(next(supernet.parameters()).device)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's stubs
    recalibrate(network, data, images)
    return network
