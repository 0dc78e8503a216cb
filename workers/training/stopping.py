"""Early stopping: whether a learning curve says that further epochs are not worth their time."""

from collections.abc import Sequence

from nas_service.domain.spec import TrainingSpec
from workers.training.interface import EpochMetrics


def is_enough(curve: Sequence[EpochMetrics], config: TrainingSpec) -> bool:
    """Whether the target is reached, or `patience` epochs have passed since the best one (Prechelt, 1998).

    A function of the curve alone, so that a training that was interrupted stops where the other would have.
    """
    accuracies = [point.validation_accuracy for point in curve]
    if not accuracies:
        return False
    if config.target_accuracy is not None and accuracies[-1] >= config.target_accuracy:
        return True
    since_best = len(accuracies) - 1 - accuracies.index(max(accuracies))
    return 0 < config.patience <= since_best
