"""Training a network on after something was taken from it."""

from torch import nn

from nas_service.domain.compression.fine_tuning import FineTuned
from nas_service.domain.spec import TrainingSpec
from workers.compression.contract import Workbench
from workers.training.optimizer import peak_learning_rate


def fine_tuning_of(training: TrainingSpec, options: FineTuned) -> TrainingSpec | None:
    """The training with a lower peak; None where nothing is to be trained."""
    epochs = training.epochs if options.epochs is None else options.epochs
    if epochs == 0:
        return None
    peak = peak_learning_rate(training) * options.learning_rate_factor
    return steady(training).model_copy(update={"epochs": epochs, "learning_rate": peak})


def steady(training: TrainingSpec) -> TrainingSpec:
    """All layers on all pixels for all epochs: a schedule of masks must come to its end."""
    changes = {"patience": 0, "target_accuracy": None, "freeze_layers": 0.0, "begin_size": 1.0}
    return training.model_copy(update=changes)


def fine_tuned(network: nn.Module, options: FineTuned, bench: Workbench, rounds: int = 1, number: int = 0) -> nn.Module:
    """The network after its share of the epochs, in round `number` (from 0) of `rounds`; without any, as it is."""
    config = fine_tuning_of(bench.training, options)
    if config is None:
        return network
    epochs = config.epochs * (number + 1) // rounds - config.epochs * number // rounds
    return bench.train(network, config.model_copy(update={"epochs": epochs})) if epochs else network
