"""LookSAM: sharpness-aware minimization whose second pass is made only every few steps."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from nas_service.domain.spec import TrainingSpec
from workers.training.sharpness_aware import SharpnessAware

ALPHA = 0.7
"""Share of the remembered direction, in units of the gradient's length; the paper's default."""


class LookSharpnessAware(SharpnessAware):
    """SAM every `period` steps; between them the part of its gradient that leads to flat regions is used again.

    That part is what stands at right angles to the plain gradient, and changes slowly (Liu et al., "Towards Efficient
    and Scalable Sharpness-Aware Minimization", CVPR 2022, arXiv 2203.02714, algorithm 1). A step costs
    1 + 1 / `period` passes on average.
    """

    def __init__(self, model: nn.Module, rho: float, period: int, *, adaptive: bool) -> None:
        super().__init__(model, rho, adaptive=adaptive)
        self._period = period
        self._across = [torch.zeros_like(p) for p in self._parameters]

    def sharpen(self, step: int, gradients: Callable[[], object]) -> None:
        """See `SharpnessAware.sharpen`."""
        if step % self._period:
            self._reuse()
            return
        plain = [None if p.grad is None else p.grad.clone() for p in self._parameters]
        super().sharpen(step, gradients)
        self._remember(plain)

    @torch.no_grad()
    def _remember(self, plain: list[Tensor | None]) -> None:
        """The component of the gradients at right angles to the `plain` ones, all parameters taken together."""
        both = [(p.grad, gradient) for p, gradient in zip(self._parameters, plain, strict=True)]
        pairs = [(sharp, gradient) for sharp, gradient in both if sharp is not None and gradient is not None]
        along = _dot(pairs) / _dot([(g, g) for _, g in pairs]).clamp_min(torch.finfo(torch.float32).tiny)
        for across, (sharp, gradient) in zip(self._across, both, strict=True):
            across.zero_()
            if sharp is not None and gradient is not None:
                # Gradients that overflowed say nothing: their step is left out, and nothing of them is kept.
                across.copy_((sharp - along * gradient).nan_to_num(0, 0, 0))

    @torch.no_grad()
    def _reuse(self) -> None:
        used = [(p.grad, a) for p, a in zip(self._parameters, self._across, strict=True) if p.grad is not None]
        if not used:
            return
        length, width = (_dot([(t, t) for t in tensors]).sqrt() for tensors in zip(*used, strict=True))
        factor = torch.where(width > 0, ALPHA * length / width, 0)
        torch._foreach_add_([g for g, _ in used], [factor * a for _, a in used])

    def tensors(self) -> dict[str, Tensor]:
        """What it remembers."""
        return {str(number): across for number, across in enumerate(self._across)}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Put back what `tensors` gave."""
        for number, across in enumerate(self._across):
            across.copy_(tensors[str(number)])


def sharpness_aware_of(model: nn.Module, config: TrainingSpec) -> SharpnessAware | None:
    """What `config` asks for: a second pass at every step, every few steps, or never."""
    if not config.sam_rho:
        return None
    if config.sam_period == 1:
        return SharpnessAware(model, config.sam_rho, adaptive=config.sam_adaptive)
    return LookSharpnessAware(model, config.sam_rho, config.sam_period, adaptive=config.sam_adaptive)


def _dot(pairs: list[tuple[Tensor, Tensor]]) -> Tensor:
    """Of all pairs as one pair of long vectors."""
    return torch.stack([(one * other).sum() for one, other in pairs]).sum()
