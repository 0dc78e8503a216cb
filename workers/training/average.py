"""An exponential moving average of a network's weights and buffers: what is validated and deployed."""

from copy import deepcopy

import torch
from torch import Tensor, nn


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
        """Follow the network after 1-based `step`."""
        decay = min(self._decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self._averages, self._sources, 1 - decay)
        if self._counts:
            torch._foreach_copy_(self._counts, self._counted)


def _pick(tensors: dict[str, Tensor], names: list[str]) -> list[Tensor]:
    return [tensors[name].detach() for name in names]
