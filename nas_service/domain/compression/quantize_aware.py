"""Options of `quantize-aware`: training with the rounding of the int8 file."""

from typing import Annotated, Literal

from pydantic import Field

from nas_service.domain.spec import SpecModel


class QuantizeAwareOptions(SpecModel):
    """How long to train with rounding, and which layers stay in fp32."""

    epochs: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Passes over the training data; by default half as many as the network was trained for."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.0003
    """Peak rate under AdamW."""
    fp32_layers: Literal["none", "depthwise", "fastest"] = "fastest"
    """As for `quantize-int8`."""
