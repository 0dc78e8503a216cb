"""Exports a torch network to ONNX and proves on real images that the file computes the same logits.

The TorchScript-based exporter is chosen on purpose: it takes a fraction of a second a network where the
dynamo exporter takes seconds (docs/decisions/0003-onnx-exporter.md).
"""

import copy
import hashlib
import json
import tempfile
import warnings
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn

from nas_service.domain.errors import PermanentError
from search_spaces.normalise import Normalised
from workers.export.atomic import write_atomically
from workers.export.compact import compacted

OPSET = 18
TOLERANCE = 1e-4
"""Largest logit error allowed, relative to the largest logit (or to 1, if all are smaller)."""

LEGACY_EXPORTER_NOTES = (
    "You are using the legacy TorchScript-based ONNX export",
    "The feature will be removed. Please remove usage of this function",
)
"""The two deprecation notes of the chosen exporter, the only warnings silenced."""

INPUT_NAME = "pixels"
OUTPUT_NAME = "logits"


class ExportMismatchError(PermanentError):
    """The exported file does not compute what the torch network does; raised by `export_onnx`."""


@dataclass(frozen=True, slots=True)
class ExportFacts:
    """What the file says about itself in its metadata, and what its input looks like."""

    classes: tuple[str, ...]
    channels: int
    height: int
    width: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    space: str
    architecture_key: str


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written, and how far its logits were from torch's on the images given."""

    max_abs_error: float
    opset: int
    file_bytes: int
    sha256: str


def export_onnx(model: nn.Module, facts: ExportFacts, images: torch.Tensor, path: Path) -> ExportReport:
    """Write `model`, which takes normalised images, as an ONNX file that takes raw pixels.

    The graph maps `pixels` float32 (batch, C, H, W) in [0, 1] to `logits` (batch, classes); batch is dynamic.
    `images` are real ones of that form, at least two so that a batch size baked into the graph shows: the
    file is compared with torch on them, and written only if they agree within `TOLERANCE`.
    The same weights and facts give the same bytes. `model` is not touched. Raises ExportMismatchError.
    """
    shape = (facts.channels, facts.height, facts.width)
    if len(images) < 2 or images.dtype != torch.float32 or tuple(images.shape[1:]) != shape:
        found = f"{images.dtype} of {tuple(images.shape)}"
        raise ValueError(f"images must be float32 of (N, {shape}) with N >= 2, not {found}")
    images = images.contiguous()
    deployed = deployable_copy(model, facts)
    content = serialized(onnx_graph(deployed, facts, images[:1]))
    error = _largest_error(content, deployed, images)
    write_atomically(path, content)
    return ExportReport(error, OPSET, len(content), hashlib.sha256(content).hexdigest())


def deployable_copy(model: nn.Module, facts: ExportFacts) -> nn.Module:
    """An eval-mode fp32 CPU copy in one memory format, whatever state the original was left in."""
    network = copy.deepcopy(model).cpu().float()
    network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    return Normalised(network, facts.mean, facts.std).eval()


def onnx_graph(deployed: nn.Module, facts: ExportFacts, image: torch.Tensor) -> onnx.ModelProto:
    """What `deployable_copy` gave, as traced with one image (1, C, H, W)."""
    exported = traced(deployed, image, Names(INPUT_NAME, (OUTPUT_NAME,)))
    onnx.helper.set_model_props(exported, metadata(facts))
    return exported


def serialized(model: onnx.ModelProto) -> bytes:
    """`compacted`, and the same bytes for the same graph. Raises what onnx does for one that is not legal."""
    small = compacted(model)
    onnx.checker.check_model(small, full_check=True)
    content: bytes = small.SerializeToString(deterministic=True)
    return content


@dataclass(frozen=True, slots=True)
class Names:
    """Of what a graph takes, and of what it gives for any number of images."""

    input: str
    outputs: tuple[str, ...]
    scalars: tuple[str, ...] = ()
    """Further outputs that are one value for all images."""


def traced(network: nn.Module, example: torch.Tensor, names: Names) -> onnx.ModelProto:
    """The graph of a network in eval mode, as traced with one image or its features; the batch is dynamic."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        for note in LEGACY_EXPORTER_NOTES:
            warnings.filterwarnings("ignore", note, DeprecationWarning)
        path = Path(folder, "traced.onnx")
        torch.onnx.export(
            network,
            (example,),
            path,
            dynamo=False,
            opset_version=OPSET,
            input_names=[names.input],
            output_names=[*names.outputs, *names.scalars],
            dynamic_axes={name: {0: "batch"} for name in (names.input, *names.outputs)},
        )
        return onnx.load(path)


def metadata(facts: ExportFacts) -> dict[str, str]:
    """What a file says about itself."""
    return {
        "classes": json.dumps(facts.classes),
        "input_shape": json.dumps([facts.channels, facts.height, facts.width]),
        "normalization": json.dumps({"mean": facts.mean, "std": facts.std}),
        "space": facts.space,
        "architecture_key": facts.architecture_key,
        "producer": f"nas-service {version('nas-service')}",
    }


def _largest_error(content: bytes, deployed: nn.Module, images: torch.Tensor) -> float:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    with torch.inference_mode():
        expected = deployed(images).numpy()
    (found,) = session.run([OUTPUT_NAME], {INPUT_NAME: images.numpy()})
    return checked_error("ONNX", found, expected)


def checked_error(kind: str, found: np.ndarray, expected: np.ndarray) -> float:
    """How far an fp32 file's logits are from torch's at most. Raises ExportMismatchError beyond the tolerance."""
    error = float(np.abs(found - expected).max())
    allowed = TOLERANCE * max(1.0, float(np.abs(expected).max()))
    if not error <= allowed:  # written so that NaN fails too
        raise ExportMismatchError(
            "export-mismatch",
            f"the {kind} file's logits differ from torch's by {error:.3g} on {len(expected)} images, "
            f"allowed are {allowed:.3g}; look for operations that depend on the data or the batch size",
        )
    return error
