"""What executes a model: one contract, one adapter a runtime, found by name.

An adapter imports its library inside its methods only, so that asking about all runtimes costs nothing and the
harness loads the one it times.
"""

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from workers.profiling.runtimes.onnx_runtime import OnnxRuntime

Array = NDArray[np.float32]


class LoadedModel(Protocol):
    """A model ready to run."""

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one input image."""

    def run(self, images: Array) -> Array:
        """Logits (N, classes) of raw pixels (N, C, H, W) in [0, 1]; returns when they are computed."""


class Runtime(Protocol):
    """One way to execute exported models."""

    name: str

    def missing(self) -> str | None:
        """Why this runtime cannot be used here and the command that mends it, or None when it can."""

    def versions(self) -> dict[str, str]:
        """Versions of the libraries that do the work. Only when not missing."""

    def load(self, model: Path, threads: int) -> LoadedModel:
        """Load a model to run on `threads` threads. Raises the library's own error for a bad file."""


RUNTIMES: dict[str, Runtime] = {runtime.name: runtime for runtime in (OnnxRuntime(),)}
