"""Loss scaling: keeps the small gradients of fp16, whose smallest number is 6e-8, from becoming zero."""

import torch
from torch import Tensor


class LossScaler:
    """`torch.amp.GradScaler` where a training needs it, otherwise nothing (Micikevicius et al., ICLR 2018).

    A step whose gradients overflowed changes no weight; the next ones are scaled less.
    """

    def __init__(self, device: torch.device) -> None:
        self._scaler = torch.amp.GradScaler(device.type)
        self.is_on = False

    def scale(self, loss: Tensor) -> Tensor:
        """The loss to differentiate."""
        return self._scaler.scale(loss) if self.is_on else loss

    def unscale(self, optimizer: torch.optim.Optimizer) -> None:
        """Make gradients of the scaled loss those of the loss; once before `step`."""
        if self.is_on:
            self._scaler.unscale_(optimizer)

    def step(self, optimizer: torch.optim.Optimizer) -> None:
        """The optimizer's step, unless a gradient is infinite or no number."""
        if not self.is_on:
            optimizer.step()
            return
        self._scaler.step(optimizer)
        self._scaler.update()

    def tensors(self) -> dict[str, Tensor]:
        """What it remembers."""
        if not self.is_on:
            return {}
        state = self._scaler.state_dict()
        return {"scale": torch.tensor(state["scale"]), "unscathed": torch.tensor(state["_growth_tracker"])}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Put back what `tensors` gave."""
        if tensors:
            found = {"scale": tensors["scale"].item(), "_growth_tracker": int(tensors["unscathed"].item())}
            self._scaler.load_state_dict({**self._scaler.state_dict(), **found})
