"""Writes a bundle folder and packs it."""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import search_spaces
from nas_service.artifacts.folder import file_sha256
from nas_service.domain.entities import JsonDict, SpaceFacts
from workers.bundle.drawing import draw
from workers.bundle.readme import make_readme
from workers.data import DataSet

CHECKSUMS = "SHA256SUMS"
EPOCH = (1980, 1, 1, 0, 0, 0)
"""One time for all packed files, so that equal bundles are equal zip files."""


@dataclass(frozen=True, slots=True)
class BundleParts:
    """What goes into a bundle beside the two files that are there already."""

    space: search_spaces.SearchSpace
    space_facts: SpaceFacts
    architecture: search_spaces.Architecture
    data: DataSet
    card: JsonDict


def write_bundle(folder: Path, parts: BundleParts) -> list[Path]:
    """Complete `folder`, which holds weights.safetensors and model.onnx, to a bundle. Returns all its files."""
    network_input = search_spaces.NetworkInput(parts.data.train.shape[2], len(parts.data.classes))
    plan = parts.space.plan(parts.architecture, network_input)
    (folder / "architecture.json").write_text(json.dumps(_architecture(parts), indent=2) + "\n")
    (folder / "card.json").write_text(json.dumps(parts.card, indent=2) + "\n")
    (folder / "README.md").write_text(make_readme(parts.card, plan))
    (folder / "architecture.svg").write_text(draw(plan))
    files = sorted(path for path in folder.iterdir() if path.name != CHECKSUMS)
    lines = [f"{file_sha256(path)}  {path.name}\n" for path in files]
    (folder / CHECKSUMS).write_text("".join(lines))
    return [*files, folder / CHECKSUMS]


def pack(files: list[Path], to: Path) -> Path:
    """One zip file of the bundle, the same bytes for the same content. Weights do not shrink, so nothing is deflated."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_STORED) as archive:
        for path in files:
            archive.writestr(zipfile.ZipInfo(path.name, EPOCH), path.read_bytes())
    return to


def _architecture(parts: BundleParts) -> JsonDict:
    height, width, channels = parts.data.train.shape
    return {
        "format": 1,
        "space": parts.space.name,
        "preset": parts.space.preset,
        "choices": parts.space_facts.choices,
        "values": dict(parts.architecture.values),
        "key": parts.architecture.key,
        "network_input": {
            "channels": channels,
            "height": height,
            "width": width,
            "class_count": len(parts.data.classes),
        },
        "normalization": {"mean": list(parts.data.mean), "std": list(parts.data.std)},
        "classes": list(parts.data.classes),
    }
