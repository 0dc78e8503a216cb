"""The functions of compression steps by the names that recipes know them by (`nas_service.domain.recipe.STEPS`)."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from torch import nn

from workers.compression.contract import Compressed, Workbench
from workers.compression.early_exit import early_exit
from workers.compression.lottery_ticket import lottery_ticket
from workers.compression.low_rank import low_rank
from workers.compression.prune_channels import prune_channels
from workers.compression.prune_weights import prune_weights
from workers.compression.quantize_aware import quantize_aware
from workers.compression.quantize_int8 import quantize_int8
from workers.compression.quantize_weights import quantize_weights
from workers.compression.self_compress import self_compress

CompressionFunction = Callable[[nn.Module, Any, Workbench], Compressed]
"""Takes the options model of its step, validated."""

FUNCTIONS: Mapping[str, CompressionFunction] = MappingProxyType(
    {
        "early-exit": early_exit,
        "low-rank": low_rank,
        "lottery-ticket": lottery_ticket,
        "prune-channels": prune_channels,
        "prune-weights": prune_weights,
        "quantize-aware": quantize_aware,
        "quantize-int8": quantize_int8,
        "quantize-weights": quantize_weights,
        "self-compress": self_compress,
    }
)
