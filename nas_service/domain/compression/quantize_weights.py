"""Options of `quantize-weights`: smaller files, computed with in fp32."""

from typing import Literal

from nas_service.domain.spec import SpecModel


class QuantizeWeightsOptions(SpecModel):
    """How small."""

    bits: Literal[8, 4] = 8
    """Of each weight; 4 cost accuracy, more so in depthwise convolutions, which are kept at 8."""
