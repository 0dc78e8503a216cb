"""Options of `lottery-ticket`: a sparse network found by pruning, and trained again from its own beginning."""

from typing import Annotated, Literal

from pydantic import Field

from nas_service.domain.compression.prune_weights import Sparsity
from nas_service.domain.spec import SpecModel


class LotteryTicketOptions(SpecModel):
    """How sparse the ticket is, and in how many trainings it is found."""

    sparsity: Sparsity = 0.8
    """Share of zeros among the weights of dense convolutions and linear layers, in the end."""
    rounds: Annotated[int, Field(ge=1, le=20)] = 3
    """Trainings that are pruned after; each time the same share of what is left goes."""
    rewind_epochs: Annotated[int, Field(ge=1, le=100)] = 1
    """Epochs after which the weights are kept that every training begins with (late rewinding)."""
    scope: Literal["global", "layer"] = "global"
    """Whether the smallest weights are sought in the whole network, or in each layer alike."""
