"""Training from scratch to a share of zeros: what the choice `sparsity` of a space asks for."""

from torch import nn

from nas_service.domain.compression.prune_weights import PruneWeightsOptions
from nas_service.domain.spec import TrainingSpec
from workers.compression.fine_tune import steady
from workers.compression.prune_weights import ramped
from workers.data import DataSet
from workers.training import Checkpoint, RunSettings, TrainingHooks, TrainingResult, train


def train_sparsely(
    model: nn.Module,
    data: DataSet,
    config: TrainingSpec,
    sparsity: float,
    checkpoint: Checkpoint | None = None,
    hooks: TrainingHooks = TrainingHooks(),
    run: RunSettings = RunSettings(),
) -> TrainingResult:
    """As `train`, the smallest weights of the whole network becoming zero by the schedule of `prune-weights`.

    All epochs and all layers are trained, whatever the configuration says, for the schedule must come to its end.
    """
    loop = ramped(PruneWeightsOptions(sparsity=sparsity))
    return train(model, data, steady(config), checkpoint, hooks, run, loop=loop)
