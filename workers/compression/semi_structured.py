"""What a 2:4 pattern brings on Nvidia's sparse tensor cores, where there are any."""

from copy import deepcopy
from typing import Any

import torch
from torch import nn
from torch.sparse import to_sparse_semi_structured
from torch.utils.benchmark import Timer

LEAST_CAPABILITY = (8, 0)
"""Ampere."""
BATCH = 4096
MULTIPLE = 64
"""Sides of matrices that the kernels take, at half precision."""


def semi_structured_facts(network: nn.Module) -> dict[str, Any]:
    """How long the network's linear layers take together in fp16, sparse beside dense: `{"skipped": reason}` without.

    Linear layers alone: torch has no semi-structured convolution.
    """
    if not torch.cuda.is_available():
        return {"skipped": "no CUDA device"}
    if torch.cuda.get_device_capability() < LEAST_CAPABILITY:
        return {"skipped": f"{torch.cuda.get_device_name()} has no sparse tensor cores"}
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear) and _fits(layer)]
    if not layers:
        return {"skipped": f"no linear layer has the pattern and sides that are multiples of {MULTIPLE}"}
    dense_ms = sparse_ms = 0.0
    for layer in layers:
        dense = deepcopy(layer).cuda().half()
        sparse = deepcopy(dense)
        sparse.weight = nn.Parameter(to_sparse_semi_structured(dense.weight))
        dense_ms, sparse_ms = dense_ms + _median_ms(dense), sparse_ms + _median_ms(sparse)
    return {"layers": len(layers), "dense_ms": dense_ms, "sparse_ms": sparse_ms, "batch_size": BATCH}


def _fits(layer: nn.Linear) -> bool:
    if layer.in_features % MULTIPLE or layer.out_features % MULTIPLE:
        return False
    return bool((layer.weight.detach().reshape(-1, 4).count_nonzero(1) <= 2).all())


def _median_ms(layer: nn.Linear) -> float:
    images = torch.rand(BATCH, layer.in_features, device="cuda", dtype=torch.half)
    with torch.inference_mode():
        timer = Timer("layer(images)", globals={"layer": layer, "images": images})
        return 1e3 * timer.blocked_autorange(min_run_time=0.2).median
