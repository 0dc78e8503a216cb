"""A user's own model as a teacher, read from a file without executing anything that it may bring along."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnxruntime
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nas_service.domain.errors import PermanentError
from search_spaces import SpaceError
from search_spaces.bundle import load
from workers.data import DataSet
from workers.profiling.runtimes.torch_program import UnsafeProgramError, load_program

BUNDLE_FILES = ("architecture.json", "weights.safetensors")
"""Of a bundle, all that makes up its network."""
MOST_BYTES = 2**31
"""Of one of them: larger ones are taken for decompression bombs."""


class TeacherFile(nn.Module):
    """A model of raw pixels in [0, 1], for images that are normalised as the data set's are, of any size."""

    mean: Tensor
    std: Tensor

    def __init__(self, model: nn.Module, data: DataSet) -> None:
        super().__init__()
        self.model, self._size = model, (data.height, data.width)
        self.register_buffer("mean", torch.tensor(data.mean).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(data.std).view(1, -1, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) to logits (N, classes)."""
        if images.shape[-2:] != self._size:
            images = F.interpolate(images, self._size, mode="bilinear", align_corners=False)
        logits: Tensor = self.model(images.float() * self.std + self.mean)
        return logits


class OnnxNetwork(nn.Module):
    """An ONNX file, executed by onnxruntime on the CPU."""

    def __init__(self, path: Path) -> None:
        """The file alone is read: tensors that it keeps in others are refused."""
        super().__init__()
        self._content = path.read_bytes()
        self._session = _session(self._content)

    def __deepcopy__(self, _memo: dict[int, Any]) -> "OnnxNetwork":
        return self  # nothing in it ever changes

    def forward(self, pixels: Tensor) -> Tensor:
        """(N, C, H, W) to (N, classes), on the same device."""
        (given,) = self._session.get_inputs()
        logits, *_ = self._session.run(None, {given.name: pixels.contiguous().cpu().numpy()})
        return torch.from_numpy(logits).to(pixels.device)


class ProgramNetwork(nn.Module):
    """An exported torch program (`.pt2`)."""

    def __init__(self, path: Path) -> None:
        """Raises UnsafeProgramError, and torch's errors for a bad file."""
        super().__init__()
        self.program = load_program(path).module(check_guards=False)

    def __deepcopy__(self, _memo: dict[int, Any]) -> "ProgramNetwork":
        return self  # read for one training alone, and never trained

    def forward(self, pixels: Tensor) -> Tensor:
        """(N, C, H, W) to (N, classes)."""
        logits: Tensor = self.program(pixels)
        return logits

    def train(self, mode: bool = True) -> "ProgramNetwork":
        """A program was exported in one mode, and stays in it."""
        return self


def teacher_file(path: Path, data: DataSet) -> TeacherFile:
    """The model in a `.pt2`, an `.onnx` or a bundle's `.zip`, once it has proved to fit the data set.

    Raises PermanentError `no-teacher`, with the reason.
    """
    reader = READERS.get(path.suffix)
    if reader is None:
        raise unfit(path.name, f"it is none of {', '.join(READERS)}")
    try:
        model = TeacherFile(reader(path), data).eval()
        for count in (2, 3):
            with torch.no_grad():
                shape = tuple(model(torch.zeros(count, data.channels, data.height, data.width)).shape)
            if shape != (count, len(data.classes)):
                raise unfit(path.name, f"of {count} images it gives {shape}, not {(count, len(data.classes))}")
    except PermanentError:
        raise
    except (UnsafeProgramError, SpaceError, zipfile.BadZipFile, KeyError) as error:
        raise unfit(path.name, str(error)) from error
    except Exception as error:  # runtimes' errors have no base of their own
        raise unfit(path.name, f"it cannot be executed on this data: {error}") from error
    return model


def unfit(name: str, reason: str) -> PermanentError:
    """Of a teacher that was named, and cannot teach here."""
    return PermanentError("no-teacher", f"{name} is no teacher here: {reason}; see training.distill.teachers")


def _bundle(path: Path) -> nn.Module:
    with TemporaryDirectory() as folder, zipfile.ZipFile(path) as archive:
        for name in BUNDLE_FILES:
            with archive.open(name) as entry:
                content = entry.read(MOST_BYTES + 1)
            if len(content) > MOST_BYTES:
                raise unfit(path.name, f"its {name} is larger than {MOST_BYTES} bytes")
            Path(folder, name).write_bytes(content)
        return load(folder)


def _session(content: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


READERS: dict[str, Callable[[Path], nn.Module]] = {".pt2": ProgramNetwork, ".onnx": OnnxNetwork, ".zip": _bundle}
"""By suffix."""
