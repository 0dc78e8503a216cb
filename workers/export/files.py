"""Writes one trained network in several formats, and tries each file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from nas_service.domain.formats import ModelFormat
from workers.data import DataSet
from workers.export.exported import pixels_of
from workers.export.onnx_export import ExportFacts, export_onnx

CHECK_IMAGES = 64
"""Validation images on which files are compared with the torch network."""


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A trained network that takes normalised images, and what its files are made of and compared on."""

    network: nn.Module
    facts: ExportFacts
    images: torch.Tensor
    """float32 (N, C, H, W) in [0, 1], N >= 2: real ones that it was not trained on."""


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
    images = torch.from_numpy(pixels_of(data.validation, slice(0, CHECK_IMAGES)))
    return Subject(network, facts, images)


def write_files(subject: Subject, formats: Sequence[ModelFormat], folder: Path) -> Iterator[WrittenFile]:
    """Each format's file in `folder`, under its own name. Raises ExportMismatchError."""
    for model_format in formats:
        path = folder / model_format.file_name
        report = export_onnx(subject.network, subject.facts, subject.images, path)
        yield WrittenFile(model_format, path, report.max_abs_error)
