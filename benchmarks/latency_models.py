"""The networks that are timed: exported architectures of the `mobilenet` space, from small to large."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

SIDES = (32, 96)
POOL = 200


def export_networks(folder: Path, count: int) -> list[Path]:
    """`count` networks, half for each side, at even quantiles of the MACs of random ones; those there are kept."""
    paths = []
    for side in SIDES:
        share = count // len(SIDES)
        wanted = [folder / f"{side}px-{number}-of-{share}.onnx" for number in range(share)]
        if not all(path.exists() for path in wanted):
            _export(side, wanted)
        paths += wanted
    return paths


def _export(side: int, paths: Sequence[Path]) -> None:
    import torch

    from search_spaces import build, get
    from search_spaces.plan import NetworkInput
    from workers.export import ExportFacts, export_onnx

    torch.manual_seed(0)
    space, shape = get("mobilenet", preset="small", choices={"resolution": [side]}), NetworkInput(3, 10)
    drawn = space.sample(np.random.default_rng(side), POOL)
    order = np.argsort(space.cost(drawn, shape).macs)
    classes = tuple("0123456789")
    for path, quantile in zip(paths, np.linspace(0.02, 0.98, len(paths)), strict=True):
        chosen = drawn[order[int(quantile * (POOL - 1))]]
        facts = ExportFacts(classes, 3, side, side, (0.5,) * 3, (0.25,) * 3, "mobilenet", chosen.key)
        export_onnx(build(space, chosen, shape), facts, torch.rand(2, 3, side, side), path)
