"""Teachers: networks whose outputs another one learns, and what they say of a whole training split."""

import os
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from workers.data import DataSet, evaluation_batches

LOGITS = "teacher-logits"
"""Folder of what teachers said, in a cache folder."""
BATCH_SIZE = 256


@dataclass(frozen=True, slots=True, eq=False)
class Teacher:
    """A trained network, never changed."""

    identity: str
    """The same for the same weights only, such as their sha256."""
    network: nn.Module
    """Normalised images (N, C, H, W) to logits (N, classes), on its own device if it has parameters."""

    def on(self, device: torch.device) -> "Teacher":
        """A copy on `device`, in eval mode, its parameters not to be trained."""
        return Teacher(self.identity, deepcopy(self.network).to(device).eval().requires_grad_(False))

    @torch.no_grad()
    def logits(self, images: Tensor) -> Tensor:
        """float32 (N, classes) on the images' device."""
        found: Tensor = self.network(images)
        return found.float()


def logits_of_split(
    teacher: Teacher, data: DataSet, device: torch.device, cache_dir: Path | None, on_batch: Callable[[], None]
) -> Tensor:
    """What `teacher` says of every training image as it is: float32 (n, classes) on `device`.

    Asked once for each data set and teacher, then read from a file in `cache_dir`. `on_batch` is called before each
    batch and may raise to stop.
    """
    key = sha256(f"{data.fingerprint} {teacher.identity}".encode()).hexdigest()
    path = cache_dir / LOGITS / f"{key}.npy" if cache_dir else None
    known = _read(path, (len(data.train), len(data.classes)))
    if known is None:
        batches = []
        for images, _ in evaluation_batches(data, data.train, BATCH_SIZE):
            on_batch()
            batches.append(teacher.logits(images.to(device)).cpu())
        known = torch.cat(batches)
        if path:
            _write(path, known)
    return known.to(device)


def _read(path: Path | None, shape: tuple[int, int]) -> Tensor | None:
    """None where there is no such file, or a damaged one: all in it can be found again."""
    if path is None:
        return None
    try:
        found = np.load(path, allow_pickle=False)
    except (FileNotFoundError, ValueError, EOFError):
        return None
    return torch.from_numpy(found) if found.shape == shape and found.dtype == np.float32 else None


def _write(path: Path, logits: Tensor) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(f".{os.getpid()}.tmp")
    with beside.open("wb") as file:
        np.save(file, logits.numpy(), allow_pickle=False)
    os.replace(beside, path)
