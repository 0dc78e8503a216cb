"""Sharpness-aware minimization: a step follows the gradient at the worst weights nearby, towards flatter minima."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

ADAPTIVE_FLOOR = 0.01
"""Added to each weight's magnitude under ASAM, so that one near zero can move at all (its `eta`)."""


class SharpnessAware:
    """The neighbourhood of a network's weights, as SAM and ASAM see it.

    SAM (Foret et al., ICLR 2021, arXiv 2010.01412, equation 2) goes a distance of `rho` along the gradient; ASAM
    (Kwon et al., ICML 2021, arXiv 2102.11600, equation 8) measures the distance in units of each weight's magnitude,
    which makes it blind to rescaling. Biases and normalisation, of one dimension, count as they are in both.
    """

    def __init__(self, model: nn.Module, rho: float, *, adaptive: bool) -> None:
        self._parameters: list[Tensor] = [p for p in model.parameters() if p.requires_grad]
        self._norms = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
        self._rho, self._adaptive = rho, adaptive

    def sharpen(self, step: int, gradients: Callable[[], object]) -> None:
        """Make the gradients in the parameters those that 0-based `step` follows; `gradients` computes them anew."""
        with self.worst_nearby():
            gradients()

    @contextmanager
    def worst_nearby(self) -> Iterator[None]:
        """Within it the weights are the worst nearby by their gradients; after it they are what they were, to the bit.

        Gradients found inside stay. Running statistics of batch norms are left alone, for they belong to the weights
        that are kept.
        """
        moved: list[Tensor] = [p for p in self._parameters if p.grad is not None]
        kept = [p.detach().clone() for p in moved]
        momenta = [norm.momentum for norm in self._norms]
        with torch.no_grad():
            torch._foreach_add_(moved, self._ascent(moved))
        for norm in self._norms:
            norm.momentum = 0.0
        try:
            yield
        finally:
            with torch.no_grad():
                torch._foreach_copy_(moved, kept)
            for norm, momentum in zip(self._norms, momenta, strict=True):
                norm.momentum = momentum

    def _ascent(self, parameters: list[Tensor]) -> list[Tensor]:
        """How far each parameter goes: `rho` in all, in the norm of SAM or of ASAM."""
        scales = [self._scale(p) for p in parameters]
        scaled = [scale * _gradient(p) for scale, p in zip(scales, parameters, strict=True)]
        length = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(scaled)))
        factor = self._rho / (length + torch.finfo(length.dtype).tiny)
        return [factor * scale * gradient for scale, gradient in zip(scales, scaled, strict=True)]

    def _scale(self, parameter: Tensor) -> Tensor | float:
        if not self._adaptive or parameter.ndim <= 1:
            return 1.0
        return parameter.detach().abs() + ADAPTIVE_FLOOR


def _gradient(parameter: Tensor) -> Tensor:
    assert parameter.grad is not None
    return parameter.grad
