"""Writes one trained network in several formats, and compares each file with it."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from torch import nn

from nas_service.domain.formats import ModelFormat
from workers.data import DataSet
from workers.export.executorch_program import export_pte
from workers.export.exported import ExportedModel, pixels_of
from workers.export.onnx_export import ExportFacts, ExportMismatchError, checked_error, deployable_copy, export_onnx
from workers.export.onnx_int8 import calibration_of, export_onnx_int8
from workers.export.torch_program import export_pt2

CHECK_IMAGES = 64
"""Validation images on which files are compared with the torch network."""


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A trained network that takes normalised images, and the data that it was trained on."""

    network: nn.Module
    facts: ExportFacts
    data: DataSet

    def images(self) -> torch.Tensor:
        """Validation images, float32 (N, C, H, W) in [0, 1]."""
        return torch.from_numpy(pixels_of(self.data.validation, slice(0, CHECK_IMAGES)))


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file, and how far its logits are from the torch network's."""

    format: ModelFormat
    path: Path
    max_abs_error: float


def subject_of(network: nn.Module, data: DataSet, space: str, architecture_key: str) -> Subject:
    """A network that was trained on `data`."""
    height, width, channels = data.train.shape
    facts = ExportFacts(data.classes, channels, height, width, data.mean, data.std, space, architecture_key)
    return Subject(network, facts, data)


def write_files(
    subject: Subject, formats: Sequence[ModelFormat], folder: Path, given: Mapping[str, bytes] = MappingProxyType({})
) -> Iterator[WrittenFile]:
    """Each format's file in `folder`, under its own name; one that is `given` by that name is taken as it is.

    Raises ExportMismatchError, ModelRefusedError.
    """
    images = subject.images()
    with torch.inference_mode():
        expected = deployable_copy(subject.network, subject.facts)(images).numpy()
    for form in formats:
        path = folder / form.file_name
        if form.file_name in given:
            path.write_bytes(given[form.file_name])
        else:
            _write(subject, form, path)
        found = ExportedModel(path, form).logits(images.numpy())
        yield WrittenFile(form, path, _error(form, found, expected))


def _write(subject: Subject, form: ModelFormat, path: Path) -> None:
    match form:
        case ModelFormat.ONNX:
            export_onnx(subject.network, subject.facts, subject.images(), path)
        case ModelFormat.ONNX_INT8:
            with tempfile.TemporaryDirectory() as folder:
                fp32 = Path(folder, ModelFormat.ONNX.file_name)
                export_onnx(subject.network, subject.facts, subject.images(), fp32)
                export_onnx_int8(fp32, calibration_of(subject.data.train), path)
        case ModelFormat.PT2:
            export_pt2(subject.network, subject.facts, path)
        case ModelFormat.PTE:
            export_pte(subject.network, subject.facts, path)


def _error(form: ModelFormat, found: np.ndarray, expected: np.ndarray) -> float:
    """What rounding costs a quantized file, the search learns from its accuracy; but it has to compute something."""
    if not form.is_quantized:
        return checked_error(form, found, expected)
    if not np.isfinite(found).all():
        raise ExportMismatchError("export-mismatch", f"the {form} file computes logits that are not finite")
    return float(np.abs(found - expected).max())
