"""Zero-cost proxies: what a network's untrained weights say about it. Whether that is anything, a search measures."""

from collections.abc import Callable, Collection

from torch import Tensor, nn

from workers.proxies.jacob_cov import jacob_cov
from workers.proxies.synflow import synflow

PROXIES: dict[str, Callable[[nn.Module, Tensor], float]] = {"synflow": synflow, "jacob_cov": jacob_cov}
"""By name; each takes an untrained network and normalised images, changes neither, and is larger for the better."""


def scores(network: nn.Module, images: Tensor, names: Collection[str]) -> dict[str, float]:
    """Each proxy named, of one network: float images (N, C, H, W)."""
    return {name: PROXIES[name](network, images) for name in names}


__all__ = ["PROXIES", "jacob_cov", "scores", "synflow"]
