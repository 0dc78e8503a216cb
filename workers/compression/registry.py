"""The functions of compression steps by the names that recipes know them by (`nas_service.domain.recipe.STEPS`)."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from torch import nn

from workers.compression.contract import Compressed, Workbench
from workers.compression.quantize_int8 import quantize_int8

CompressionFunction = Callable[[nn.Module, Any, Workbench], Compressed]
"""Takes the options model of its step, validated."""

FUNCTIONS: Mapping[str, CompressionFunction] = MappingProxyType(
    {
        "quantize-int8": quantize_int8,
    }
)
