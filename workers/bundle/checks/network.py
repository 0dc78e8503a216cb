"""Whether architecture, weights, exported file and card speak of the same network."""

import json
from pathlib import Path

import numpy as np
import torch

import search_spaces
from workers.bundle.card_format import Card, DatasetPart
from workers.bundle.checks.report import Check
from workers.bundle.exported import ExportedModel, pixels_of
from workers.data import DataSet
from workers.export.onnx_export import TOLERANCE

IMAGES = 64


def check_outputs(bundle: Path, card: Card, data: DataSet | None) -> Check:
    """The torch network and the exported file give the same logits for the same images.

    The tolerance is that of the export: relative to the largest logit, or to 1 if all are smaller.
    """
    images, origin = _some_images(data, card.dataset)
    found = ExportedModel(bundle / "model.onnx").logits(images)
    with torch.inference_mode():
        expected = search_spaces.load(bundle)(torch.from_numpy(images)).numpy()
    if found.shape != expected.shape:
        return Check("outputs", False, f"model.onnx gives logits {found.shape}, the torch network {expected.shape}")
    error = float(np.abs(found - expected).max())
    allowed = TOLERANCE * max(1.0, float(np.abs(expected).max()))
    detail = f"logits of model.onnx and of the torch network differ by {error:.2g} at most on {len(images)} {origin}"
    return Check("outputs", error <= allowed, detail, stated=0.0, found=error, tolerance=allowed)


def _some_images(data: DataSet | None, stated: DatasetPart) -> tuple[np.ndarray, str]:
    """Validation images and the words for them; random pixels of the stated shape where there is no data set."""
    if data is not None:
        images = pixels_of(data.validation, slice(0, IMAGES))
        return images, "validation images"
    shape = (IMAGES, stated.channels, stated.height, stated.width)
    return np.random.default_rng(0).random(shape, dtype=np.float32), "random images"


def check_cost(bundle: Path, card: Card) -> Check:
    """The key and the costs on the card are those of the architecture, and the file has its size."""
    document = json.loads((bundle / "architecture.json").read_text(encoding="utf-8"))
    space = search_spaces.get(document["space"], document["preset"], document["choices"])
    architecture = space.canonical(document["values"])
    shape = document["network_input"]
    plan = space.plan(architecture, search_spaces.NetworkInput(shape["channels"], shape["class_count"]))
    found = {
        "architecture_key": architecture.key,
        "macs": plan.macs,
        "params": plan.params,
        "weight_bytes": plan.weight_bytes,
        "model_file_bytes": (bundle / "model.onnx").stat().st_size,
    }
    stated = {"architecture_key": card.candidate.architecture_key, **card.cost.model_dump()}
    wrong = [f"{name} is {found[name]}, not {stated[name]}" for name in found if found[name] != stated[name]]
    detail = (
        "; ".join(wrong) or f"{plan.macs:,} MACs, {plan.params:,} parameters, {plan.weight_bytes:,} bytes of weights"
    )
    return Check("cost", not wrong, detail, stated=stated, found=found, tolerance=0.0)
