"""Trainings of networks some of whose weights are zero and stay so."""

from collections.abc import Callable
from typing import Any

from torch import Tensor

from workers.compression.masks import Masks, apply_masks, prunable
from workers.training.loop import TrainingLoop


class MaskedLoop(TrainingLoop):
    """Training under masks: what they hide has no gradient and is zero, also in the average of the weights."""

    masks: Masks

    def __init__(self, *training: Any, masks: Masks) -> None:
        super().__init__(*training)
        self.masks = {name: mask.to(self.device) for name, mask in masks.items()}
        self._hide()

    def _gradients(self, images: Tensor, labels: Tensor) -> Tensor:
        """As always, without those of hidden weights."""
        loss = super()._gradients(images, labels)
        for name, parameter in self.state.model.named_parameters():
            if parameter.grad is not None and name in self.masks:
                parameter.grad.mul_(self.masks[name])
        return loss

    def _step(self, images: Tensor, labels: Tensor) -> Tensor:
        """One step; momentum from before a weight was hidden could move it."""
        loss = super()._step(images, labels)
        self._hide()
        return loss

    def _hide(self) -> None:
        apply_masks(self.state.model, self.masks)
        if self.state.average:
            apply_masks(self.state.average.model, self.masks)


MasksAt = Callable[[dict[str, Tensor], float], Masks]
"""The masks for the weights, by name, at a share of the ramp from 0 to 1."""


class RampedLoop(MaskedLoop):
    """Training under masks that are drawn anew every `interval` steps, until the share `ramp` of the steps is done.

    Hidden weights are zero, from which a training that goes on knows its masks.
    """

    def __init__(self, *training: Any, masks_at: MasksAt, ramp: float, interval: int) -> None:
        super().__init__(*training, masks={})
        self._masks_at, self._interval = masks_at, interval
        self._last = min(round(ramp * self.total_steps), self.total_steps - 1)
        self.state.identity |= {"ramp": ramp, "interval": interval}

    def _step(self, images: Tensor, labels: Tensor) -> Tensor:
        """One step, under new masks where it is time for them."""
        step, last = self.state.step, self._last
        weights = {name: p.detach() for name, p in prunable(self.state.model).items()}
        if step == last or (step < last and step % self._interval == 0):
            self.masks = self._masks_at(weights, step / last if last else 1.0)
            self._hide()
        elif not self.masks:
            self.masks = {name: weight != 0 for name, weight in weights.items()}
        return super()._step(images, labels)
