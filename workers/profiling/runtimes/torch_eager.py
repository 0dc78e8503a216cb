"""Exported torch programs, one operator after the other, on the CPU and on NVIDIA GPUs."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from workers.profiling.runtimes.contract import Array
from workers.profiling.runtimes.installed import missing_package
from workers.profiling.runtimes.nvidia import gpus, missing_gpu
from workers.profiling.runtimes.torch_program import image_shape_of, load_program, start_torch

CPU_BUILD = "+cpu"
"""Local version of torch's builds without CUDA."""


class TorchModel:
    """A program's operators on one device."""

    def __init__(self, program: Any, device: str) -> None:
        import torch

        self.image_shape = image_shape_of(program)
        self._torch, self._device = torch, torch.device(device)
        # Without the checks of its inputs, which a deployed program has no need of.
        self._module = program.module(check_guards=False).to(memory_format=torch.channels_last)

    def run(self, images: Array) -> Array:
        torch = self._torch
        with torch.inference_mode():
            pixels = torch.from_numpy(images).to(self._device, memory_format=torch.channels_last)
            logits: Array = self._module(pixels).cpu().numpy()  # copying back waits for the device
        return logits


@dataclass(frozen=True)
class Torch:
    """Runs `.pt2` files in PyTorch on the CPU, without compiling anything."""

    name: str = "torch"
    uses_torch: bool = True

    def missing(self) -> str | None:
        return missing_package("torch", "worker")

    def versions(self) -> dict[str, str]:
        return {"torch": version("torch")}

    def start(self) -> None:
        start_torch()

    def load(self, model: Path, threads: int) -> TorchModel:
        import torch

        torch.set_num_threads(threads)
        return TorchModel(load_program(model), "cpu")


@dataclass(frozen=True)
class TorchCuda:
    """Runs `.pt2` files on the first GPU; a run copies the images there and the logits back, and waits for them."""

    name: str = "torch-cuda"
    uses_torch: bool = True

    def missing(self) -> str | None:
        if reason := missing_gpu() or missing_package("torch", "worker"):
            return reason
        found = version("torch")
        if found.endswith(CPU_BUILD):
            build = found.removesuffix(CPU_BUILD)
            return f"torch {found} is built without CUDA; install another build with: pip install torch=={build}"
        return None

    def versions(self) -> dict[str, str]:
        (gpu, *_) = gpus()
        return {"torch": version("torch"), "gpu": gpu.name, "driver": gpu.driver}

    def start(self) -> None:
        start_torch()

    def load(self, model: Path, threads: int) -> TorchModel:
        import torch
        from torch.export.passes import move_to_device_pass

        torch.set_num_threads(threads)
        torch.backends.cudnn.allow_tf32 = False  # fp32 is fp32: it would round to TF32's 10 bits
        return TorchModel(move_to_device_pass(load_program(model), "cuda"), "cuda")
