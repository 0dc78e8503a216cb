"""The learning rate over a training: a linear warm-up, then a cosine to zero or a trapezoid.

A cosine depends on its length from the first step on. A trapezoid stays at its peak until the cool-down begins, so
that trainings of all lengths share their beginning: one that was stopped after its own cool-down can go on from the
state before it, and ends as if it had never been stopped. At equal length it reaches the accuracy of a cosine
(Hägele et al., "Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations", NeurIPS 2024).
"""

import math
from dataclasses import dataclass
from typing import Self

from nas_service.domain.spec import TrainingSpec
from workers.training.optimizer import peak_learning_rate


@dataclass(frozen=True, slots=True)
class RateSchedule:
    """Rates by 0-based step."""

    peak: float
    total_steps: int
    warmup_steps: int
    cooldown_steps: int | None
    """Of a trapezoid; None is a cosine."""
    tail_steps: int = 0
    """At the end, over which the rate stays where it is: those whose weights are averaged."""

    @classmethod
    def of(cls, config: TrainingSpec, steps_per_epoch: int) -> Self:
        """As configured; a trapezoid has at least one step of cool-down."""
        total = config.epochs * steps_per_epoch
        if config.warmup_epochs is None:
            warmup = int(total * config.warmup_fraction)
        else:
            warmup = int(config.warmup_epochs * steps_per_epoch)
        cooldown = None
        if config.learning_rate_decay == "trapezoid":
            cooldown = min(total, max(1, round(total * config.cooldown_fraction)))
        return cls(peak_learning_rate(config), total, warmup, cooldown, round(total * config.swa_fraction))

    @property
    def tail_begin(self) -> int:
        """Steps before the tail."""
        return self.total_steps - self.tail_steps

    @property
    def shared_steps(self) -> int:
        """Steps that a training of any greater length begins with too."""
        return 0 if self.cooldown_steps is None else min(self.total_steps - self.cooldown_steps, self.tail_begin)

    def __call__(self, step: int) -> float:
        """The first rate is above zero, the peak ends the warm-up, the last is near zero if there is no tail."""
        return self._rate(min(step, self.tail_begin))

    def _rate(self, step: int) -> float:
        rising = min(1.0, (step + 1) / self.warmup_steps) if self.warmup_steps else 1.0
        if self.cooldown_steps is not None:
            return self.peak * min(rising, (self.total_steps - step) / (self.cooldown_steps + 1))
        if step < self.warmup_steps:
            return self.peak * rising
        progress = (step - self.warmup_steps) / (self.total_steps - self.warmup_steps)
        return self.peak * 0.5 * (1 + math.cos(math.pi * progress))
