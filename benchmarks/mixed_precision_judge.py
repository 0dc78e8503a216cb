"""What the fronts of `mixed_precision.py` are worth: all networks trained by one recipe, and their files compared.

A search chooses by accuracies that it has seen, and times each network at another minute. So the networks of both
fronts are trained anew, longer and three times, their files are scored on images that no search was given, and timed in
turns.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import Any

import torch
from mixed_precision_search import CHOICES, SIDES, Wanted

from nas_service.domain.formats import ModelFormat
from nas_service.domain.front import spread
from nas_service.domain.spec import DatasetSpec, TargetSpec, TrainingSpec
from search_spaces import build, get
from search_spaces.deployment import network_values
from search_spaces.plan import NetworkInput
from workers.data.load import load_dataset
from workers.export.exported import ExportedModel
from workers.export.files import subject_of, write_files
from workers.profiling.measure import Effort, Surroundings, measure
from workers.training import RunSettings, train

SPACE = get("mobilenet", preset="small", choices=CHOICES | {"precision": SIDES["mixed"]})
FORMATS = {"fp32": ModelFormat.ONNX, "int8": ModelFormat.ONNX_INT8}
MOST_MEMBERS = 7
"""Of a front, spread over it: the same for both sides."""
TRAININGS = 3
"""Of each network: its accuracy is their mean."""
TURNS = 3
TIMING = Effort(budget_s=0.6)


@dataclass(frozen=True)
class Judged:
    """One network, trained `TRAININGS` times by the same recipe."""

    key: str
    values: dict[str, Any]
    precisions: tuple[str, ...]
    """At which it stands on a front."""


def chosen(front: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The members that are judged."""
    points = [(member["accuracy"], member["latency_ms"]) for member in front]
    return [front[i] for i in spread(points, MOST_MEMBERS)]


def networks_of(fronts: list[list[dict[str, Any]]]) -> list[Judged]:
    """The distinct networks of all fronts."""
    found: dict[str, Judged] = {}
    for member in (member for front in fronts for member in front):
        key, own = identity(member)
        known = found.get(key, Judged(key, network_values(member["values"]), ("fp32",)))
        found[key] = Judged(key, known.values, tuple(dict.fromkeys((*known.precisions, own))))
    return list(found.values())


def identity(member: dict[str, Any]) -> tuple[str, str]:
    """Which network at which precision."""
    return SPACE.network_key(member["values"]), member["values"].get("precision", "fp32")


def trained(network: Judged, epochs: int, wanted: Wanted) -> dict[str, Any]:
    """Accuracies and bytes of its files; kept, with the files of its first training."""
    folder = wanted.folder / "judged" / network.key
    kept = folder / "figures.json"
    if kept.exists():
        known: dict[str, Any] = json.loads(kept.read_text())
        if set(network.precisions) <= set(known["accuracy"]) and known["epochs"] == epochs:
            return known
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    data = load_dataset(DatasetSpec(**wanted.dataset), wanted.roots, wanted.folder / "cache")
    formats = [FORMATS[precision] for precision in network.precisions]
    found: dict[str, list[float]] = {precision: [] for precision in network.precisions}
    for number in reversed(range(TRAININGS)):
        seed = 1000 + number  # no search has it
        torch.manual_seed(seed)
        architecture = SPACE.canonical(network.values)
        model = build(SPACE, architecture, NetworkInput(data.channels, len(data.classes)))
        recipe = TrainingSpec(**wanted.training(epochs))
        model.load_state_dict(train(model, data, recipe, run=RunSettings(seed=seed)).weights)
        subject = subject_of(model.eval(), data, SPACE.name, network.key)
        for written, precision in zip(write_files(subject, formats, folder), network.precisions, strict=True):
            found[precision].append(ExportedModel(written.path, written.format).accuracy(data.test).accuracy)
    sizes = {precision: (folder / FORMATS[precision].file_name).stat().st_size for precision in network.precisions}
    figures = {"key": network.key, "epochs": epochs, "bytes": sizes, "accuracies": found}
    figures["accuracy"] = {precision: mean(accuracies) for precision, accuracies in found.items()}
    kept.write_text(json.dumps(figures))
    return figures


def timed(seed: int, files: list[tuple[str, str]], wanted: Wanted) -> dict[str, float]:
    """Of one seed's networks, by key and precision, the latency in ms: one after the other, in several turns."""
    kept = wanted.folder / "timed" / f"{seed}.json"
    if kept.exists():
        known: dict[str, float] = json.loads(kept.read_text())
        if known.keys() >= {f"{key} {precision}" for key, precision in files}:
            return known
    baseline = wanted.folder / "timed" / f"baseline-{seed}"
    baseline.mkdir(parents=True, exist_ok=True)
    turns = [[_latency_ms(*file, wanted.folder, baseline) for file in files] for _ in range(TURNS)]
    found = {f"{k} {p}": median(turn[i] for turn in turns) for i, (k, p) in enumerate(files)}
    kept.write_text(json.dumps(found))
    return found


def _latency_ms(key: str, precision: str, folder: Path, baseline: Path) -> float:
    file = folder / "judged" / key / FORMATS[precision].file_name
    target = TargetSpec.model_validate({"precision": precision})
    return measure(file, target, TIMING, Surroundings(baseline_dir=baseline)).median_ms
