"""Options of `low-rank`: layers become products of smaller ones."""

from typing import Annotated, Literal

from pydantic import Field

from nas_service.domain.compression.fine_tuning import FineTuned


class LowRankOptions(FineTuned):
    """Which ranks the factors have."""

    rank_by: Literal["energy", "latency"] = "energy"
    """`energy`: the least rank that keeps the share `energy` of a layer. `latency`: the largest that saves the target
    `least_gain` of its time; it needs one whose latency can be told."""
    energy: Annotated[float, Field(gt=0, le=1)] = 0.9
    """Share of the squared singular values that is kept."""
    least_gain: Annotated[float, Field(ge=0, lt=1)] = 0.02
    """Share of the network's latency, or of its multiply-accumulates where nobody can tell the latency, that
    factorising a layer must save; otherwise the layer stays."""
    divisor: Annotated[int, Field(ge=1, le=64)] = 8
    """Ranks are multiples of it where the layer is larger, since processors compute as many channels at once."""
