"""`prune-weights`: makes single weights zero while the network is trained on. Smaller to send, not faster on a CPU."""

import zlib
from collections.abc import Mapping
from copy import deepcopy
from functools import partial
from typing import Any

from torch import Tensor, nn

from nas_service.domain.compression.prune_weights import PruneWeightsOptions
from workers.compression.contract import Compressed, Workbench
from workers.compression.fine_tune import fine_tuning_of
from workers.compression.masked_loop import RampedLoop
from workers.compression.masks import Masks, apply_masks, magnitude_masks, pattern_masks, prunable, sparsity_of
from workers.compression.semi_structured import semi_structured_facts
from workers.training.loop import Loop


def prune_weights(network: nn.Module, options: PruneWeightsOptions, bench: Workbench) -> Compressed:
    """Raise the sparsity while fine-tuning, or at once where there is none; the network keeps its shape.

    The facts say what that brings: bytes of the deflated weights, and the measured latency, which the CPU runtimes'
    dense kernels do not lower.
    """
    config = fine_tuning_of(bench.training, options)
    if config is None:
        pruned = deepcopy(network).eval()
        apply_masks(pruned, _masks_at(prunable(pruned), 1.0, options))
    else:
        pruned = bench.train(network, config, ramped(options))
    return Compressed(pruned, _facts(network, pruned, options, bench))


def ramped(options: PruneWeightsOptions) -> Loop:
    """Training during which weights become zero."""
    masks_at = partial(_masks_at, options=options)
    return partial(RampedLoop, masks_at=masks_at, ramp=options.ramp, interval=options.interval)


def _masks_at(weights: Mapping[str, Tensor], progress: float, options: PruneWeightsOptions) -> Masks:
    """Sparsity rises fast at first and slowly at the end: s (1 - (1 - t)^3), Zhu & Gupta, 2017 (arXiv 1710.01878), (1).

    With a pattern, the share of groups that have it rises so.
    """
    share = 1 - (1 - progress) ** 3
    if options.pattern is None:
        return magnitude_masks(weights, options.sparsity * share, options.scope)
    kept, of = map(int, options.pattern.split(":"))
    return pattern_masks(weights, kept, of, share)


def _facts(before: nn.Module, after: nn.Module, options: PruneWeightsOptions, bench: Workbench) -> dict[str, Any]:
    dense, sparse = _deflated_bytes(before), _deflated_bytes(after)
    facts: dict[str, Any] = {
        "sparsity": sparsity_of(after),
        "nonzero_params": sum(int(p.count_nonzero()) for p in after.parameters()),
        "deflated_bytes": sparse,
        "deflated_share": sparse / dense,
    }
    if options.pattern == "2:4":
        facts["cuda"] = semi_structured_facts(after)
    if bench.latency_ms is not None:
        facts["latency_ratio"] = bench.latency_ms(after) / bench.latency_ms(before)
    return facts


def _deflated_bytes(network: nn.Module) -> int:
    """Of all parameters as fp32, deflated as in a zip archive."""
    content = b"".join(p.detach().float().cpu().contiguous().numpy().tobytes() for p in network.parameters())
    return len(zlib.compress(content, 9))
