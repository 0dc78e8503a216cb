"""A workbench on the small data set of the training tests, that trains for real."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from nas_service.domain.spec import TrainingSpec
from tests.unit.workers.training.samples import stripes
from workers.compression import Loop, Workbench
from workers.data import DataSet
from workers.training import RunSettings, TrainingHooks
from workers.training.loop import TrainingLoop

TRAINING = TrainingSpec(epochs=4, batch_size=16, precision="fp32")


def trainer(data: DataSet):
    """The `train` of a workbench, without checkpoints."""

    def train(network: nn.Module, config: TrainingSpec, loop: Loop = TrainingLoop) -> nn.Module:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            result = loop(network, data, config, TrainingHooks(), RunSettings(0, device="cpu")).run(None)
        trained = deepcopy(network)
        trained.load_state_dict(result.weights)
        return trained.eval()

    return train


@pytest.fixture
def workbench() -> Workbench:
    """Nobody can tell a latency."""
    data = stripes()
    return Workbench(data, TRAINING, trainer(data))
