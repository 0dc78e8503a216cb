"""Exports a torch network to a program of PyTorch's own, `torch.export`: what the torch runtimes execute or compile."""

from pathlib import Path

import torch
from torch import nn
from torch.export import Dim, ExportedProgram

from workers.export.onnx_export import ExportFacts, deployable_copy
from workers.profiling.runtimes.torch_program import save_program


def export_pt2(model: nn.Module, facts: ExportFacts, path: Path) -> None:
    """Write `model`, which takes normalised images, as a program that takes raw pixels in any number.

    `model` is not touched. The same weights give the same bytes under the same file name.
    """
    program = traced(model, facts, Dim("batch", min=1))
    unfinished = path.parent / "unfinished"
    unfinished.mkdir()
    save_program(program, unfinished / path.name)  # the archive's folder is named after the file
    (unfinished / path.name).replace(path)
    unfinished.rmdir()


def traced(model: nn.Module, facts: ExportFacts, batch: Dim) -> ExportedProgram:
    """`model` with its normalisation, raw pixels (batch, C, H, W) to logits."""
    pixels = torch.zeros(2, facts.channels, facts.height, facts.width)
    with torch.no_grad():
        return torch.export.export(deployable_copy(model, facts), (pixels,), dynamic_shapes=({0: batch},), strict=False)
