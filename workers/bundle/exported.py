"""The exported file itself, run by the stock runtime: what a card states is measured on this, not on torch."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime

from workers.data import Split
from workers.profiling.measure import ModelRefusedError

BATCH_SIZE = 256


@dataclass(frozen=True, slots=True)
class ExportedAccuracy:
    """Share of correctly classified images in [0, 1], and of how many."""

    accuracy: float
    sample_count: int


class ExportedModel:
    """An ONNX file in onnxruntime: raw pixels in [0, 1] to logits."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        """Raises ModelRefusedError for a file that the runtime cannot load."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        try:
            self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the runtime's errors have no base of their own
            raise ModelRefusedError("model-refused", f"onnxruntime refuses {path.name}: {error}") from error

    def logits(self, pixels: np.ndarray) -> np.ndarray:
        """float32 (n, channels, height, width) in [0, 1] to float32 (n, classes). Raises ModelRefusedError."""
        try:
            (logits,) = self._session.run(None, {self._session.get_inputs()[0].name: pixels})
        except Exception as error:
            raise ModelRefusedError("model-refused", f"the exported file cannot be run: {error}") from error
        return np.asarray(logits)

    def accuracy(self, split: Split, on_batch: Callable[[], None] = lambda: None) -> ExportedAccuracy:
        """On every image of `split`. `on_batch` is called before each batch, and may raise to stop."""
        correct = 0
        for start in range(0, len(split), BATCH_SIZE):
            on_batch()
            rows = slice(start, start + BATCH_SIZE)
            predicted = self.logits(pixels_of(split, rows)).argmax(1)
            correct += int((predicted == split.labels[rows].numpy()).sum())
        return ExportedAccuracy(correct / len(split), len(split))


def pixels_of(split: Split, rows: slice) -> np.ndarray:
    """float32 (n, channels, height, width) in [0, 1], contiguous: what an exported file takes."""
    return np.ascontiguousarray(split.rows(rows).transpose(0, 3, 1, 2)).astype(np.float32) / 255
