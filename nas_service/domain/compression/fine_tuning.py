"""How a network is trained on after something was taken from it: part of the options of most techniques."""

from typing import Annotated

from pydantic import Field

from nas_service.domain.spec import SpecModel


class FineTuned(SpecModel):
    """Base of options. For the rest, the fine-tuning is as the network was trained."""

    epochs: Annotated[int, Field(ge=0, le=10_000)] | None = None
    """Passes over the training data, in all rounds together; by default as many as the network was trained for."""
    learning_rate_factor: Annotated[float, Field(gt=0, le=1)] = 0.3
    """Share of the training's peak learning rate at which the fine-tuning peaks."""
