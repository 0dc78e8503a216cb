"""`prune-channels`: removes whole channels, and leaves a smaller dense network that every runtime executes faster."""

from copy import deepcopy
from itertools import islice

from torch import nn

from nas_service.domain.compression.prune_channels import PruneChannelsOptions
from workers.compression.channel_groups import channels_of
from workers.compression.channel_importance import importance_of, scores_of
from workers.compression.channel_selection import least_macs, select, too_small
from workers.compression.contract import Compressed, Workbench
from workers.compression.fine_tune import fine_tuned
from workers.compression.network_cost import cost_of, image_like, latency_of
from workers.data import Epoch, train_batches

BATCHES = 8
"""Of training images, from which `taylor` learns what channels are worth."""
STRIDE = 0.9
"""Share of the multiply-accumulates that one estimate of importance leaves: what one group of channels loses makes its
others worth more."""
DIVISORS = (16, 8, 4, 2, 1)
"""Channels that processors compute at once, the most first."""
LATENCY_FIELD = "prune-channels.latency_ms"


def prune_channels(network: nn.Module, options: PruneChannelsOptions, bench: Workbench) -> Compressed:
    """Prune in rounds and fine-tune after each, to a share of the multiply-accumulates or to a latency.

    Each round takes the same share of what is there (pruning and fine-tuning in turns: Molchanov et al., ICLR 2017).
    Raises NothingLeftError, for a share that cannot be reached before anything is trained, and PermanentError for a
    latency that nobody can tell.
    """
    before, pruned = cost_of(network, bench.data), network
    options = options.model_copy(update={"divisor": divisor_for(network, options, bench)})
    start_ms = 0.0 if options.latency_ms is None else latency_of(network, bench, LATENCY_FIELD)
    for number in range(options.rounds):
        progress = (number + 1) / options.rounds
        if options.latency_ms is None:
            pruned = pruned_to_macs(pruned, before.macs * options.macs_share**progress, options, bench)
        else:
            budget_ms = start_ms * min(1.0, options.latency_ms / start_ms) ** progress
            pruned = pruned_to_latency(pruned, budget_ms, options, bench)
        pruned = fine_tuned(pruned, options, bench, options.rounds, number)
    after = cost_of(pruned, bench.data)
    facts = {
        "macs": after.macs,
        "macs_share": after.macs / before.macs,
        "params": after.params,
        "divisor": options.divisor,
    }
    return Compressed(pruned, {**facts, "channels": _widths(pruned)})


def divisor_for(network: nn.Module, options: PruneChannelsOptions, bench: Workbench) -> int:
    """The one that is asked for, or the largest that can reach the share. Raises NothingLeftError where none does.

    What a latency takes shows only while pruning; a divisor that could reach the share serves there, too.
    """
    if options.divisor and options.latency_ms is not None:
        return options.divisor
    allowed = (options.divisor,) if options.divisor else DIVISORS
    channels = channels_of(deepcopy(network).eval(), image_like(bench.data, network))
    wanted = sum(channels.macs.values()) * options.macs_share
    found = {divisor: least_macs(channels, divisor) for divisor in allowed}
    for divisor, macs in found.items():
        if macs <= wanted:
            return divisor
    raise too_small(found[allowed[-1]], allowed[-1])


def pruned_to_macs(network: nn.Module, most_macs: float, options: PruneChannelsOptions, bench: Workbench) -> nn.Module:
    """A copy that takes at most so many multiply-accumulates an image, not yet fine-tuned. Raises NothingLeftError."""
    smaller = deepcopy(network).eval()
    while (macs := cost_of(smaller, bench.data).macs) > most_macs:
        _prune_once(smaller, max(most_macs, macs * STRIDE), options, bench)
    return smaller


def pruned_to_latency(network: nn.Module, most_ms: float, options: PruneChannelsOptions, bench: Workbench) -> nn.Module:
    """A copy that takes the target at most so long, not yet fine-tuned. Raises NothingLeftError, PermanentError."""
    smaller = deepcopy(network).eval()
    while latency_of(smaller, bench, LATENCY_FIELD) > most_ms:
        _prune_once(smaller, cost_of(smaller, bench.data).macs * STRIDE, options, bench)
    return smaller


def _prune_once(network: nn.Module, most_macs: float, options: PruneChannelsOptions, bench: Workbench) -> None:
    """In place, by one estimate."""
    channels = channels_of(network, image_like(bench.data, network))
    batches = train_batches(bench.data, bench.training.batch_size, Epoch(bench.seed, 0))
    scores = scores_of(network, options.importance, islice(batches, BATCHES))
    importances = [importance_of(group, scores, options.importance, channels.macs) for group in channels.groups]
    divisor = options.divisor or DIVISORS[0]
    for group, gone in zip(channels.groups, select(channels, importances, most_macs, divisor), strict=True):
        if gone:
            group.prune(gone)


def _widths(network: nn.Module) -> dict[str, int]:
    """Output channels of every convolution."""
    return {name: layer.out_channels for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d)}
