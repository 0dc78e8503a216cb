"""Trainings that begin where another one was early on: same weights, momentum, order of images and random numbers."""

from collections.abc import Callable
from typing import Any

from workers.compression.masked_loop import MaskedLoop
from workers.compression.masks import Masks
from workers.training import Checkpoint, TrainingResult
from workers.training.loop import TrainingLoop
from workers.training.precision import Precision


class _EarlyEnoughError(Exception):
    """Ends an `EarlyLoop`."""


class EarlyLoop(TrainingLoop):
    """The first `epochs` of a training; `keep` gets the state after them."""

    def __init__(self, *training: Any, epochs: int, keep: Callable[[Checkpoint], None]) -> None:
        super().__init__(*training)
        self._epochs, self._keep = epochs, keep

    def run(self, checkpoint: Checkpoint | None) -> TrainingResult:
        """As always, but for its early end."""
        try:
            return super().run(checkpoint)
        except _EarlyEnoughError:
            self._keep(self.state.to_checkpoint(self._duration_s()))
            return self._result()

    def _train_epoch(self, epoch: int) -> None:
        if epoch == self._epochs:
            raise _EarlyEnoughError
        super()._train_epoch(epoch)


class RewoundLoop(MaskedLoop):
    """The rest of that training, under masks. `name` tells it from others that begin alike."""

    def __init__(self, *training: Any, begin: Checkpoint, masks: Masks, name: str) -> None:
        super().__init__(*training, masks={})
        self.state.restore(begin)
        self.masks = {name: mask.to(self.device) for name, mask in masks.items()}
        self._hide()
        self.state.identity |= {"ticket": name}

    def _measured_precision(self) -> Precision:
        """That of the beginning."""
        return self.state.precision
