"""Whether architecture, weights, exported file and card speak of the same network."""

import json
from pathlib import Path

import numpy as np
import torch

import search_spaces
from nas_service.domain.formats import ModelFormat
from workers.bundle.card_format import Card, DatasetPart, FilePart
from workers.bundle.checks.report import Check
from workers.compression.deployed_cost import cost_of
from workers.data import DataSet
from workers.export.exported import ExportedModel, pixels_of
from workers.export.onnx_export import TOLERANCE

IMAGES = 64
QUANTIZED_SLACK = 1.5
"""Other processors round and saturate 8-bit products differently."""


def check_outputs(bundle: Path, stated: tuple[FilePart, DatasetPart], data: DataSet | None) -> Check:
    """The torch network and an exported file give the same logits for the same images.

    The tolerance is that of the export: relative to the largest logit, or to 1 if all are smaller. A quantized file
    may be off by half as much again as is stated; by how much on other images, nobody knows.
    """
    file, dataset = stated
    images, origin = _some_images(data, dataset)
    name = f"outputs, {file.name}"
    found = ExportedModel(bundle / file.name, file.format).logits(images)
    with torch.inference_mode():
        expected = search_spaces.load(bundle)(torch.from_numpy(images)).numpy()
    if found.shape != expected.shape:
        return Check(name, False, f"{file.name} gives logits {found.shape}, the torch network {expected.shape}")
    error = float(np.abs(found - expected).max())
    allowed = TOLERANCE * max(1.0, float(np.abs(expected).max()))
    detail = f"logits of {file.name} and of the torch network differ by {error:.2g} at most on {len(images)} {origin}"
    if file.format.is_quantized:
        allowed = max(allowed, QUANTIZED_SLACK * file.max_abs_error)
    agrees = None if file.format.is_quantized and data is None else error <= allowed
    return Check(name, agrees, detail, stated=file.max_abs_error, found=error, tolerance=allowed)


def _some_images(data: DataSet | None, stated: DatasetPart) -> tuple[np.ndarray, str]:
    """Validation images and the words for them; random pixels of the stated shape where there is no data set."""
    if data is not None:
        images = pixels_of(data.validation, slice(0, IMAGES))
        return images, "validation images"
    shape = (IMAGES, stated.channels, stated.height, stated.width)
    return np.random.default_rng(0).random(shape, dtype=np.float32), "random images"


def check_cost(bundle: Path, card: Card) -> Check:
    """The key and the costs on the card are those of the architecture."""
    if card.lineage is not None:
        return _check_counted(bundle, card)
    document = json.loads((bundle / "architecture.json").read_text(encoding="utf-8"))
    space = search_spaces.get(document["space"], document["preset"], document["choices"])
    architecture = space.canonical(document["values"])
    shape = document["network_input"]
    cost = space.cost([architecture], search_spaces.NetworkInput(shape["channels"], shape["class_count"]))
    found = {
        "architecture_key": architecture.key,
        "macs": int(cost.macs[0]),
        "params": int(cost.params[0]),
        "weight_bytes": int(cost.weight_bytes[0]),
    }
    stated = {"architecture_key": card.candidate.architecture_key, **card.cost.model_dump()}
    wrong = [f"{name} is {found[name]}, not {stated[name]}" for name in found if found[name] != stated[name]]
    counted = f"{found['macs']:,} MACs, {found['params']:,} parameters, {found['weight_bytes']:,} bytes of weights"
    detail = "; ".join(wrong) or counted
    return Check("cost", not wrong, detail, stated=stated, found=found, tolerance=0.0)


def _check_counted(bundle: Path, card: Card) -> Check:
    """A compressed network's costs are those of its files."""
    quantized = {at.file_name for at in card.latencies} & {ModelFormat.ONNX_INT8.file_name}
    deployed = quantized.pop() if quantized else ModelFormat.ONNX.file_name
    cost = cost_of(bundle / ModelFormat.PT2.file_name, bundle / deployed)
    found = {"macs": cost.macs, "params": cost.params, "weight_bytes": cost.size_bytes}
    stated = card.cost.model_dump()
    wrong = [f"{name} is {found[name]}, not {stated[name]}" for name in found if found[name] != stated[name]]
    detail = "; ".join(wrong) or f"{cost.macs:,} MACs, {cost.params:,} parameters, {cost.size_bytes:,} bytes deployed"
    return Check("cost", not wrong, detail, stated=stated, found=found, tolerance=0.0)
