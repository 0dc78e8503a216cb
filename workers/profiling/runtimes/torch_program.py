"""Exported torch programs (`.pt2`), written and read without any pickle."""

from pathlib import Path
from typing import Any

from search_spaces.program import UnsafeProgramError, load_program, refuse_code

__all__ = ["UnsafeProgramError", "image_shape_of", "load_program", "refuse_code", "save_program", "start_torch"]


def save_program(program: Any, path: Path) -> None:
    """Write a `torch.export.ExportedProgram`, changing it: without its samples of inputs, which would be a pickle, and
    without the traces of where it was made, which tell paths of this machine.
    """
    import torch

    program.example_inputs = None
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)
    torch.export.save(program, path)


def start_torch() -> None:
    """Import what reading a program imports."""
    import torch.export.pt2_archive  # noqa: F401


def image_shape_of(program: Any) -> tuple[int, int, int]:
    """(C, H, W) of the images that a program takes."""
    (name,) = program.graph_signature.user_inputs
    (node,) = (node for node in program.graph.nodes if node.name == name)
    channels, height, width = (int(size) for size in node.meta["val"].shape[1:])
    return channels, height, width
