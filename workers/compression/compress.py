"""Follows the compression steps of a recipe, one after the other."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from nas_service.domain.recipe import Compression
from workers.compression.contract import Workbench
from workers.compression.registry import FUNCTIONS


@dataclass(frozen=True, slots=True)
class Made:
    """What a recipe has made of a network."""

    network: nn.Module
    """In eval mode."""
    steps: list[dict[str, Any]]
    """For card and API what each step did: its name, options, facts and `duration_s`."""
    files: Mapping[str, bytes]
    """Further files of the bundle, and exports that the exporters cannot write; see `Compressed.files`."""


def compress(network: nn.Module, recipe: Sequence[Compression], bench: Workbench) -> Made:
    """What the steps make of a trained network, which is left as it is. Raises what the steps raise."""
    network = network.eval()
    steps: list[dict[str, Any]] = []
    files: dict[str, bytes] = {}
    for compression in recipe:
        start = time.monotonic()
        made = FUNCTIONS[compression.step.name](network, compression.options, bench)
        network = made.network.eval()
        files |= made.files
        steps.append(
            {
                "step": compression.step.name,
                "options": compression.options.model_dump(mode="json"),
                "facts": made.facts,
                "duration_s": round(time.monotonic() - start, 3),
            }
        )
    return Made(network, steps, files)
