"""What a runtime is: one contract, which one suite of tests holds every adapter to.

Standard library and NumPy only: the harness imports it.
"""

from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


class LoadedModel(Protocol):
    """A model ready to run."""

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one input image."""

    def run(self, images: Array) -> Array:
        """Logits (N, classes) of raw pixels (N, C, H, W) in [0, 1]; returns when they are computed.

        The logits are the caller's own: a later run does not change them. The images are only read.
        """


class Runtime(Protocol):
    """One way to execute exported models."""

    @property
    def name(self) -> str:
        """As targets call it."""

    @property
    def uses_torch(self) -> bool:
        """Whether torch is in its process, with threads and memory of its own."""

    def missing(self) -> str | None:
        """Why this runtime cannot be used here and the command that mends it, or None when it can.

        Cheap, for it is asked whenever a device describes itself: it looks at what is installed and imports nothing.
        """

    def versions(self) -> dict[str, str]:
        """Versions of the libraries and tools that do the work. Only when not missing; as cheap."""

    def start(self) -> None:
        """Import what `load` needs, so that the library's own memory and time do not count as a model's."""

    def load(self, model: Path, threads: int) -> LoadedModel:
        """Load a model to run on `threads` threads. Raises the library's own error for a bad file."""


@runtime_checkable
class CompilingRuntime(Runtime, Protocol):
    """A runtime that executes machine code, made on the device from the model's file before it is loaded."""

    @property
    def package_suffix(self) -> str:
        """How the name of a compiled file ends."""

    def compile(self, model: Path, threads: int, package: Path) -> None:
        """Write `package`, which `load` then takes in the model's place. May take a minute.

        Raises the library's own error for a bad file. To be called in a process of its own: compilers leave threads
        and memory behind.
        """
