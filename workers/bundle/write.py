"""Writes a bundle folder and packs it."""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import search_spaces
from nas_service.artifacts.digest import file_sha256
from nas_service.domain.entities import PACKED_FILE, JsonDict, SpaceFacts
from nas_service.domain.formats import ModelFormat
from search_spaces.bundle import COMPRESSED_FORMAT, FORMAT
from search_spaces.drawing import draw
from workers.bundle.card_format import Card
from workers.bundle.readme import make_readme
from workers.data import DataSet

FILES = ("README.md", "architecture.json", "architecture.svg", "card.json", "model.onnx", "weights.safetensors")
"""What every bundle has, beside more exported files and its checksums."""
CHECKSUMS = "SHA256SUMS"
EPOCH = (1980, 1, 1, 0, 0, 0)
"""One time for all packed files, so that equal bundles are equal zip files."""
UNIX, READABLE = 3, 0o644


@dataclass(frozen=True, slots=True)
class BundleParts:
    """What goes into a bundle beside the files that are there already."""

    space: search_spaces.SearchSpace
    space_facts: SpaceFacts
    architecture: search_spaces.Architecture
    data: DataSet
    card: Card


def write_bundle(folder: Path, parts: BundleParts) -> list[Path]:
    """Complete `folder`, which holds weights.safetensors and all exported files, to a bundle. Returns all its files."""
    network_input = search_spaces.NetworkInput(parts.data.channels, len(parts.data.classes))
    plan = parts.space.plan(parts.architecture, network_input)
    _write(folder / "architecture.json", json.dumps(_architecture(parts), indent=2) + "\n")
    _write(folder / "card.json", parts.card.model_dump_json(indent=2) + "\n")
    _write(folder / "README.md", make_readme(parts.card))
    _write(folder / "architecture.svg", draw(plan))
    further = parts.card.lineage.further_files if parts.card.lineage else []
    packed = [PACKED_FILE] if parts.card.packed else []
    names = sorted({*FILES, *(file.name for file in parts.card.files), *packed, *further})
    _write(folder / CHECKSUMS, "".join(f"{file_sha256(folder / name)}  {name}\n" for name in names))
    return [folder / name for name in (*names, CHECKSUMS)]


def pack(files: list[Path], to: Path) -> Path:
    """One zip file of the bundle: the same bytes for the same content. Weights would not shrink by deflating."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_STORED) as archive:
        for path in files:
            entry = zipfile.ZipInfo(path.name, EPOCH)
            entry.create_system, entry.external_attr = UNIX, READABLE << 16
            archive.writestr(entry, path.read_bytes())
    return to


def _write(path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8", newline="\n")


def _architecture(parts: BundleParts) -> JsonDict:
    data, lineage = parts.data, parts.card.lineage
    compressed = {"program": ModelFormat.PT2.file_name, "recipe": lineage.recipe} if lineage else None
    return {
        "format": COMPRESSED_FORMAT if compressed else FORMAT,
        **({"compressed": compressed} if compressed else {}),
        "space": parts.space.name,
        "preset": parts.space.preset,
        "choices": parts.space_facts.choices,
        "values": dict(parts.architecture.values),
        "key": parts.architecture.key,
        "network_input": {
            "channels": data.channels,
            "height": data.height,
            "width": data.width,
            "class_count": len(data.classes),
        },
        "normalization": {"mean": list(data.mean), "std": list(data.std)},
        "classes": list(data.classes),
    }
