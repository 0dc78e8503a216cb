"""Options of `early-exit`: images that are told easily leave the network early."""

from typing import Annotated

from pydantic import Field

from nas_service.domain.spec import SpecModel


class EarlyExitOptions(SpecModel):
    """How much accuracy the saved time may cost, and how the exit is trained."""

    max_loss: Annotated[float, Field(gt=0, le=100)] = 0.5
    """Points of accuracy that may be lost on the validation split, at most: images that leave with a wrong class which
    the whole network gets right. Those that it is the other way round with are not set against them."""
    positions: Annotated[int, Field(ge=1, le=16)] = 4
    """Places in the network at which an exit is trained; the one that saves the most is kept."""
    epochs: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Passes over the training data; by default half as many as the network was trained for."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.003
    """Peak rate under AdamW."""
