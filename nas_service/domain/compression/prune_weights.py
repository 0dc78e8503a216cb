"""Options of `prune-weights`: single weights become zero, and the network keeps its shape."""

from typing import Annotated, Literal

from pydantic import Field

from nas_service.domain.compression.fine_tuning import FineTuned

Sparsity = Annotated[float, Field(gt=0, lt=1)]


class PruneWeightsOptions(FineTuned):
    """How many weights become zero, and which."""

    sparsity: Sparsity = 0.8
    """Share of zeros among the weights of dense convolutions and linear layers; with a `pattern` that says it."""
    scope: Literal["global", "layer"] = "global"
    """Whether the smallest weights are sought in the whole network, or in each layer alike."""
    pattern: Annotated[str, Field(pattern=r"^[1-9]\d?:[1-9]\d?$")] | None = None
    """`2:4` keeps at most two of every four consecutive input channels, which Nvidia's tensor cores execute faster; so
    any `N:M`. Layers whose inputs are no multiple of M stay dense."""
    ramp: Annotated[float, Field(ge=0, le=1)] = 0.7
    """Share of the fine-tuning over which the sparsity rises; the rest recovers."""
    interval: Annotated[int, Field(ge=1, le=10_000)] = 10
    """Steps between two looks at which weights are the smallest."""
