"""Exports a torch network to an ExecuTorch program."""

from pathlib import Path

from torch import nn
from torch.export import Dim

from workers.export.atomic import write_atomically
from workers.export.lowering import LARGEST_BATCH, lowered
from workers.export.onnx_export import ExportFacts
from workers.export.torch_program import traced


def export_pte(model: nn.Module, facts: ExportFacts, path: Path) -> None:
    """Write `model`, which takes normalised images, as a program that takes raw pixels.

    `model` is not touched. Needs the package `executorch`.
    """
    write_atomically(path, lowered(traced(model, facts, Dim("batch", min=1, max=LARGEST_BATCH))))
