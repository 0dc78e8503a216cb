"""Attention transfer: where a network looks, as a map for each of its resolutions, whatever its widths."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from nas_service.domain.errors import PermanentError


class AttentionMaps:
    """The maps of a network's last forward pass: for each resolution that its blocks give out, that of the last one.

    A map is the mean square over channels at each position, as a vector of length 1 (Zagoruyko & Komodakis, "Paying
    More Attention to Attention", ICLR 2017, arXiv 1612.03928, equation 1 with p = 2).
    """

    def __init__(self, network: nn.Module) -> None:
        """Blocks are the children of its `blocks`, or of those of a network inside it, otherwise its own."""
        self._outputs: dict[tuple[int, int], Tensor] = {}
        listed = (getattr(module, "blocks", None) for module in network.modules())
        blocks = next((found for found in listed if isinstance(found, nn.ModuleList)), network)
        for block in blocks.children():
            block.register_forward_hook(self._note)

    def _note(self, _: nn.Module, __: tuple[object, ...], output: Tensor) -> None:
        if output.ndim == 4 and output.shape[-1] > 1:
            height, width = output.shape[-2:]
            self._outputs[height, width] = output

    def take(self) -> list[Tensor]:
        """float32 (N, 1, H, W) each, in the order of the blocks; they are forgotten here."""
        maps = [output.float().square().mean(1, keepdim=True) for output in self._outputs.values()]
        self.forget()
        return maps

    def forget(self) -> None:
        """What passes left behind that nobody asked about, such as those of a validation."""
        self._outputs.clear()


def attention_distance(student: Sequence[Tensor], teacher: Sequence[Tensor]) -> Tensor:
    """The sum, over pairs of maps, of their squared distance as unit vectors, its mean over the batch (equation 2).

    Maps are paired from the last one back, and the teacher's are resized to the student's: networks may work at other
    resolutions. Raises PermanentError where one of them has none.
    """
    pairs = list(zip(reversed(student), reversed(teacher), strict=False))
    if not pairs:
        detail = "student or teacher has no blocks that give out maps; use `distill`, not `distill-features`"
        raise PermanentError("no-attention-maps", detail)
    distances = [(_unit(mine) - _unit(_resized(theirs, mine))).square().sum(1).mean() for mine, theirs in pairs]
    return sum(distances[1:], start=distances[0])


def _unit(maps: Tensor) -> Tensor:
    return F.normalize(maps.flatten(1), dim=1)


def _resized(maps: Tensor, like: Tensor) -> Tensor:
    if maps.shape == like.shape:
        return maps
    return F.interpolate(maps, like.shape[-2:], mode="bilinear", align_corners=False)
