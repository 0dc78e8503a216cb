"""Execution in int8: the network stays as it is, and its exporter quantizes it (`workers.export.onnx_int8`)."""

from torch import nn

from nas_service.domain.recipe_step import NoOptions
from workers.compression.contract import Compressed, Workbench


def quantize_int8(network: nn.Module, options: NoOptions, bench: Workbench) -> Compressed:
    """The same network: by the step's precision its int8 file is what targets execute."""
    return Compressed(network)
