"""Torch programs compiled ahead of time by AOTInductor."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from workers.profiling.runtimes.contract import Array
from workers.profiling.runtimes.installed import missing_package
from workers.profiling.runtimes.torch_program import image_shape_of, load_program

COMPILER = "g++"
EXAMPLES = 2
"""Images that the compiler sees; one would be taken for a fixed batch size."""
IMAGE_SHAPE = "image_shape"
"""Kept in the package, which does not tell the shapes of its inputs otherwise."""


class CompiledModel:
    """An AOTInductor package: a library of the program's fused kernels."""

    def __init__(self, package: Any) -> None:
        import torch

        channels, height, width = json.loads(package.get_metadata()[IMAGE_SHAPE])
        self.image_shape: tuple[int, int, int] = (channels, height, width)
        self._torch = torch
        # Not `package(images)`, which parses a description of the call each time.
        self._run = package.loader.run

    def run(self, images: Array) -> Array:
        logits: Array = self._run([self._torch.from_numpy(images)])[0].numpy()
        return logits


@cache
def compiler_version() -> str:
    """Of the C++ compiler, as it tells."""
    return subprocess.run([COMPILER, "-dumpfullversion"], capture_output=True, text=True, check=True).stdout.strip()


@dataclass(frozen=True)
class TorchCompile:
    """Compiles `.pt2` files for this machine's processor, and runs what came of it."""

    name: str = "torch-compile"
    uses_torch: bool = True
    package_suffix: str = ".pt2"

    def missing(self) -> str | None:
        if reason := missing_package("torch", "worker"):
            return reason
        if shutil.which(COMPILER) is None:
            return f"the C++ compiler {COMPILER} is not found; install it with: apt-get install {COMPILER}"
        return None

    def versions(self) -> dict[str, str]:
        return {"torch": version("torch"), COMPILER: compiler_version()}

    def compile(self, model: Path, threads: int, package: Path) -> None:
        """Code for exactly `threads` threads, any batch size, and weights folded where that is exact."""
        import torch

        torch.set_num_threads(threads)
        program = load_program(model)
        shape = image_shape_of(program)
        program.example_inputs = ((torch.zeros(EXAMPLES, *shape),), {})
        metadata = {IMAGE_SHAPE: json.dumps(shape)}
        with torch.no_grad():
            torch._inductor.aoti_compile_and_package(
                program, package_path=str(package), inductor_configs={"aot_inductor.metadata": metadata}
            )

    def start(self) -> None:
        import torch._inductor.package  # noqa: F401

    def load(self, model: Path, threads: int) -> CompiledModel:
        import torch

        torch.set_num_threads(threads)
        return CompiledModel(torch._inductor.aoti_load_package(str(model)))
