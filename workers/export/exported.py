"""An exported file itself, run by the stock runtime of its format: what is stated of it is measured on this.

Not on the torch network that it was written from.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from nas_service.domain.errors import PermanentError
from nas_service.domain.formats import ModelFormat
from workers.data import Split
from workers.profiling.measure import ModelRefusedError
from workers.profiling.runtimes import RUNTIMES

BATCH_SIZE = 64


@dataclass(frozen=True, slots=True)
class ExportedAccuracy:
    """Share of correctly classified images in [0, 1], and of how many."""

    accuracy: float
    sample_count: int


class ExportedModel:
    """A file in its stock runtime, on as many threads as torch has: raw pixels in [0, 1] to logits."""

    def __init__(self, path: Path, model_format: ModelFormat) -> None:
        """Raises ModelRefusedError for a file that the runtime cannot load, PermanentError where that is missing."""
        require([model_format])
        try:
            self._model = RUNTIMES[model_format.stock_runtime].load(path, torch.get_num_threads())
        except Exception as error:  # the runtimes' errors have no base of their own
            detail = f"{model_format.stock_runtime} refuses {path.name}: {error}"
            raise ModelRefusedError("model-refused", detail) from error

    def logits(self, pixels: np.ndarray) -> np.ndarray:
        """float32 (n, channels, height, width) in [0, 1] to float32 (n, classes). Raises ModelRefusedError."""
        try:
            return self._model.run(pixels)
        except Exception as error:
            raise ModelRefusedError("model-refused", f"the exported file cannot be run: {error}") from error

    def accuracy(self, split: Split, on_batch: Callable[[], None] = lambda: None) -> ExportedAccuracy:
        """On every image of `split`. `on_batch` is called before each batch, and may raise to stop."""
        correct = 0
        for start in range(0, len(split), BATCH_SIZE):
            on_batch()
            rows = slice(start, start + BATCH_SIZE)
            predicted = self.logits(pixels_of(split, rows)).argmax(1)
            correct += int((predicted == split.labels[rows].numpy()).sum())
        return ExportedAccuracy(correct / len(split), len(split))


def require(formats: Sequence[ModelFormat]) -> None:
    """Raise PermanentError, with the command that mends it, where one of `formats` cannot be written and run here."""
    for model_format in formats:
        runtime = RUNTIMES[model_format.stock_runtime]
        if reason := runtime.missing():
            raise PermanentError("runtime-missing", f"the workers cannot export to {model_format}: {reason}")


def pixels_of(split: Split, rows: slice | np.ndarray) -> np.ndarray:
    """float32 (n, channels, height, width) in [0, 1], contiguous: what an exported file takes."""
    return np.ascontiguousarray(split.rows(rows).transpose(0, 3, 1, 2)).astype(np.float32) / 255
