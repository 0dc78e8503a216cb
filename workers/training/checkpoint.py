"""A training's whole state as one safetensors file, its JSON facts in the header: no pickle, replaced atomically."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from nas_service.domain.errors import PermanentError

FORMAT = 2


class CheckpointError(PermanentError):
    """A checkpoint that cannot be continued: damaged, or of another training. Train from the start instead."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`tensors` by dotted name, and JSON-able `facts`. A value: the loop never changes one that it gave away."""

    tensors: dict[str, torch.Tensor]
    facts: dict[str, Any]

    def save(self, path: Path) -> None:
        """Write beside `path`, then replace it, so that a reader sees the old file or the new one, never a part."""
        beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        contiguous = {name: tensor.contiguous() for name, tensor in self.tensors.items()}
        save_file(contiguous, beside, metadata={"format": str(FORMAT), "facts": json.dumps(self.facts)})
        os.replace(beside, path)

    @classmethod
    def load(cls, path: Path) -> "Checkpoint":
        """Read what `save` wrote. Raises CheckpointError for a damaged file or an unknown format."""
        try:
            with safe_open(path, framework="pt") as file:
                header = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
        except SafetensorError as error:
            raise CheckpointError("damaged-checkpoint", f"{path.name} cannot be read: {error}") from error
        if header.get("format") != str(FORMAT):
            found = header.get("format", "none")
            raise CheckpointError("damaged-checkpoint", f"{path.name} has format {found}, expected {FORMAT}")
        return cls(tensors, json.loads(header["facts"]))

    def part(self, prefix: str) -> dict[str, torch.Tensor]:
        """The tensors whose names begin with `prefix.`, without it."""
        start = len(prefix) + 1
        return {n[start:]: t for n, t in self.tensors.items() if n.startswith(f"{prefix}.")}


def with_prefix(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Copies on the CPU under `prefix.name`."""
    return {f"{prefix}.{name}": tensor.detach().cpu().clone() for name, tensor in tensors.items()}
