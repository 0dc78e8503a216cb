"""ExecuTorch with its XNNPACK kernels on the CPU."""

import warnings
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from workers.profiling.runtimes.contract import Array
from workers.profiling.runtimes.installed import missing_package


class ExecuTorchModel:
    """The method `forward` of a program."""

    def __init__(self, program: Any) -> None:
        import torch

        self._from_numpy = torch.from_numpy
        self._program = program  # a method does not keep its program alive
        self._forward = program.load_method("forward")

    @property
    def image_shape(self) -> tuple[int, int, int]:
        channels, height, width = self._forward.metadata.input_tensor_meta(0).sizes()[1:]
        return channels, height, width

    def run(self, images: Array) -> Array:
        (logits,) = self._forward.execute([self._from_numpy(images)])
        found: Array = logits.numpy()
        return found


@dataclass(frozen=True)
class ExecuTorch:
    """Runs `.pte` files, in fp32 or quantized."""

    name: str = "executorch"
    uses_torch: bool = True

    def missing(self) -> str | None:
        return missing_package("executorch", "executorch")

    def versions(self) -> dict[str, str]:
        return {"executorch": version("executorch")}

    def start(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its interface is called experimental, and reads its files the old way
            import executorch.runtime  # noqa: F401
            from executorch.extension.pybindings import portable_lib  # noqa: F401

    def load(self, model: Path, threads: int) -> ExecuTorchModel:
        self.start()
        from executorch.extension.pybindings import portable_lib
        from executorch.runtime import Runtime

        portable_lib._unsafe_reset_threadpool(threads)
        try:
            return ExecuTorchModel(Runtime.get().load_program(model))
        except RuntimeError as error:  # it tells a number only
            raise RuntimeError(f"{model.name} cannot be loaded: {error}") from error
