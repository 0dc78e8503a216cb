"""The rungs of successive halving: how many epochs a candidate is trained for before it is judged again."""

import math

from nas_service.domain.spec import SearchSpec, TrainingSpec


def rungs_of(spec: SearchSpec) -> tuple[int, ...]:
    """Epochs at each rung, rising; the last is a full training. One rung where candidates are not halved.

    From the first rung on each is `eta` times as long as the one before; one that would lie less than a factor of
    the square root of `eta` below the full training is left out.
    """
    full, strategy = spec.training.epochs, spec.strategy
    if not spec.halves:
        return (full,)
    first = strategy.min_epochs or max(1, round(full / strategy.eta**2))
    steps = math.ceil(math.log(full / first, strategy.eta)) if full > first else 0
    lower = (first * strategy.eta**k for k in range(steps))
    return (*(epochs for epochs in lower if epochs**2 * strategy.eta <= full**2), full)


def schedule_of(spec: SearchSpec, training: TrainingSpec) -> TrainingSpec:
    """`training` with its learning rate as the search's schedule needs it: no two settings of it are left open.

    Under `asha` the warm-up is as long for every rung: a share of the first one.
    """
    if not spec.halves:
        return training.model_copy(update={"learning_rate_decay": training.learning_rate_decay or "cosine"})
    warmup = training.warmup_epochs
    if warmup is None:
        warmup = training.warmup_fraction * rungs_of(spec)[0]
    return training.model_copy(update={"learning_rate_decay": "trapezoid", "warmup_epochs": warmup})
