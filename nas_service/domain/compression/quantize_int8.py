"""Options of `quantize-int8`: weights and activations in int8, after training."""

from typing import Annotated, Literal

from pydantic import Field

from nas_service.domain.spec import SpecModel


class QuantizeInt8Options(SpecModel):
    """How ranges are found, and which layers stay in fp32."""

    calibration: Literal["auto", "min-max", "percentile", "mse"] = "auto"
    """How the ranges of activations follow from those seen on training images: from the least to the largest; without
    the outermost 0.01 %; or where rounding errs least. `auto` takes the one whose logits are nearest to fp32's."""
    tolerance: Annotated[float, Field(ge=0, le=1)] | None = 0.005
    """Accuracy that may be lost on the validation split. While more is, the layers that rounding hurts most stay in
    fp32, as few as suffice. `null` rounds them all."""
    fp32_layers: Literal["none", "depthwise", "fastest"] = "fastest"
    """Which layers stay in fp32 for the sake of speed: depthwise convolutions and attention gates are often slower in
    int8. `fastest` times both files, and keeps them in fp32 where that is faster."""
