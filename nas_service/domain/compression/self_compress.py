"""Options of `self-compress`: the network learns how many bits each channel is worth."""

from typing import Annotated

from pydantic import Field

from nas_service.domain.spec import SpecModel


class SelfCompressOptions(SpecModel):
    """What size is worth, and how long the network has to find out."""

    penalty: Annotated[float, Field(gt=0, le=100)] = 0.1
    """Added to the loss for each bit that a weight takes in the mean: more gives smaller, less accurate networks."""
    epochs: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Passes over the training data; by default twice as many as the network was trained for, and 800 steps or more."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.003
    """Peak rate of the weights under AdamW; bits and exponents are learned 16 times as fast."""
    initial_bits: Annotated[float, Field(ge=1, le=16)] = 8
    """Bits a weight to begin with."""
    divisor: Annotated[int, Field(ge=1, le=64)] = 8
    """Channels that are left are multiples of it, some of them of 0 bits if need be: with 42 channels onnxruntime takes
    three times as long as with 44. With 1 nothing is kept that says nothing."""
