"""Options of `prune-channels`: whole channels are removed, and a smaller dense network is left."""

from typing import Annotated, Literal

from pydantic import Field

from nas_service.domain.compression.fine_tuning import FineTuned


class PruneChannelsOptions(FineTuned):
    """How far to prune, and which channels go first."""

    macs_share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Multiply-accumulates that are left, at most, as a share of the network's."""
    latency_ms: Annotated[float, Field(gt=0)] | None = None
    """What the target may take, at most; given, it decides in place of `macs_share`."""
    importance: Literal["taylor", "bn-scale", "l1"] = "taylor"
    """`taylor`: what removing a channel costs the loss, to first order, on training images. `bn-scale`: the factors of
    the batch norms. `l1`: the absolute weights."""
    rounds: Annotated[int, Field(ge=1, le=20)] = 3
    """Rounds of pruning, each followed by its share of the fine-tuning."""
    divisor: Annotated[int, Field(ge=1, le=64)] | None = None
    """Channels that are left are multiples of it, since processors compute as many at once: runtimes are often slower
    with 20 than with 32. By default 16, or the next power of two below at which a network can become small enough."""
