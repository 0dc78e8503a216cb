"""Averages of a network's weights over its training: what is validated and deployed in place of the last weights."""

from copy import deepcopy
from typing import Protocol

import torch
from torch import Tensor, nn

from nas_service.domain.spec import TrainingSpec


class Average(Protocol):
    """A network that follows another one while that is trained."""

    model: nn.Module

    def update(self, step: int) -> None:
        """Follow the network after 1-based `step`."""

    def has_begun(self, step: int) -> bool:
        """Whether there is anything to deploy after `step`."""


class WeightAverage:
    """A copy of a network that follows it, batch-norm statistics included; integer buffers are copied.

    The decay grows as (1 + n) / (10 + n) over n updates up to `decay`, so that a short training is not held back
    by its first weights.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model = deepcopy(model).requires_grad_(False)
        self._decay = decay
        mine, theirs = self.model.state_dict(keep_vars=True), model.state_dict(keep_vars=True)
        floating = [name for name, tensor in mine.items() if tensor.is_floating_point()]
        counting = [name for name, tensor in mine.items() if not tensor.is_floating_point()]
        self._averages, self._sources = _pick(mine, floating), _pick(theirs, floating)
        self._counts, self._counted = _pick(mine, counting), _pick(theirs, counting)

    @torch.no_grad()
    def update(self, step: int) -> None:
        """See `Average`."""
        decay = min(self._decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self._averages, self._sources, 1 - decay)
        if self._counts:
            torch._foreach_copy_(self._counts, self._counted)

    def has_begun(self, step: int) -> bool:
        """Always."""
        return True


class TailAverage:
    """The mean of all weights visited after step `begin`: stochastic weight averaging (Izmailov et al., UAI 2018).

    Every step counts, not the last of each epoch as in the paper: trainings here have few epochs. Batch-norm statistics
    are no means of anything; they have to be recalibrated before the network is used (section 3.2).
    """

    def __init__(self, model: nn.Module, begin: int) -> None:
        self.model = deepcopy(model).requires_grad_(False)
        self._begin = begin
        self._averages = [p.detach() for p in self.model.parameters()]
        self._sources = [p.detach() for p in model.parameters()]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """See `Average`."""
        if self.has_begun(step):
            torch._foreach_lerp_(self._averages, self._sources, 1 / (step - self._begin))

    def has_begun(self, step: int) -> bool:
        """From the first step of the tail on."""
        return step > self._begin


def average_of(model: nn.Module, config: TrainingSpec, tail_begin: int) -> Average | None:
    """What `config` asks for: the mean of the tail, which takes the place of a moving average, or that, or none."""
    if config.swa_fraction:
        return TailAverage(model, tail_begin)
    return WeightAverage(model, config.ema_decay) if config.ema_decay else None


def _pick(tensors: dict[str, Tensor], names: list[str]) -> list[Tensor]:
    return [tensors[name].detach() for name in names]
