"""Finish one member of the front: test its exported files once, and bundle them."""

import tempfile
from dataclasses import asdict
from pathlib import Path

from safetensors.torch import load_file
from torch import nn

from nas_service.domain.entities import PACKED_FILE, WEIGHTS_FILE, Candidate, Evaluation, Export, JsonDict, Measurement
from nas_service.domain.executed import as_executed, executed_files, formats_of, precision_of
from nas_service.domain.formats import ModelFormat
from nas_service.domain.metrics import deployed_target
from nas_service.domain.spec import Metric
from nas_service.domain.timings import combined, ids_of
from nas_service.domain.told import told
from nas_service.use_cases.space import network_input, space_of
from search_spaces import build
from workers.bundle.card import CardFacts, JudgedFile, make_card
from workers.bundle.card_format import PackedPart, SharpnessPart
from workers.bundle.packed import packed_part
from workers.bundle.write import BundleParts, pack, write_bundle
from workers.data import spread_batch
from workers.export.exported import ExportedModel
from workers.profiling.host_lock import TrainingPass
from workers.sharpness import SHARPNESS_IMAGES, sharpness_of
from workers.tasks.context import Task
from workers.tasks.descent import lineage_part
from workers.tasks.packing import PACKED_SHA256

MEDIA_TYPES = {
    ".json": "application/json",
    ".md": "text/markdown",
    ".safetensors": "application/vnd.safetensors",
    ".svg": "image/svg+xml",
    ".zip": "application/zip",
} | {Path(form.file_name).suffix: form.media_type for form in ModelFormat}


def finalize(task: Task) -> JsonDict:
    """The final numbers and the bundle's artifacts."""
    data, space = task.dataset(), space_of(task.search)
    evaluation, measurements = _evidence(task)
    artifacts, child = task.service.artifacts, task.candidate.parent_id is not None
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "bundle")
        artifacts.fetch(evaluation.result["weights_sha256"], folder / WEIGHTS_FILE)
        judged = [
            _judged(task, evaluation.export(form), folder) for form in formats_of(task.search.spec, task.candidate)
        ]
        architecture = space.canonical(task.candidate.architecture)
        network = build(space, architecture, network_input(task.search))
        sharpness = None if child else _sharpness(task, network, folder / WEIGHTS_FILE)
        packed = _packed(task, evaluation, folder)
        final = _final(task, judged, measurements) | _sharpness_told(sharpness, evaluation) | _packed_told(packed)
        descent = lineage_part(task, evaluation, final, folder) if child else None
        found = (sharpness, descent, packed)
        facts = CardFacts(task.search, task.candidate, evaluation, measurements, data, judged, *found)
        assert task.search.space is not None
        parts = BundleParts(space, task.search.space, architecture, data, make_card(facts))
        files = write_bundle(folder, parts)
        bundle = artifacts.put(pack(files, Path(scratch, "bundle.zip")), MEDIA_TYPES[".zip"])
        stored = {p.name: asdict(artifacts.put(p, MEDIA_TYPES.get(p.suffix, "text/plain"))) for p in files}
    return {
        "artifacts": stored | {"bundle.zip": asdict(bundle)},
        "final": final | {"bundle": bundle.sha256},
    }


def _sharpness_told(found: SharpnessPart | None, evaluation: Evaluation) -> JsonDict:
    """Of a child as it was found when it was made, where anything is judged by it."""
    if found is not None:
        return {"sharpness": found.model_dump()}
    return {"sharpness": {"loss_rise": evaluation.result["sharpness"]}} if "sharpness" in evaluation.result else {}


def _packed(task: Task, evaluation: Evaluation, folder: Path) -> PackedPart | None:
    """Of packed weights, which are fetched into `folder`; None where the search did not ask for them."""
    sha256 = evaluation.result.get(PACKED_SHA256)
    return None if sha256 is None else packed_part(task.service.artifacts.fetch(sha256, folder / PACKED_FILE))


def _packed_told(packed: PackedPart | None) -> JsonDict:
    return {} if packed is None else {Metric.PACKED_BYTES.value: packed.size_bytes}


def _final(task: Task, judged: list[JudgedFile], measurements: list[Measurement]) -> JsonDict:
    """The final numbers."""
    child = task.candidate.parent_id is not None
    return {
        **_deployed(task, judged),
        **({"executed": executed_files(task.search.spec, task.candidate)} if child else _precision(task.candidate)),
        "files": {file.export.format.file_name: _figures(file) for file in judged},
        "latency": {
            str(target): {
                "median_ms": m.median_ms,
                "ci95_low_ms": m.result["ci95_low_ms"],
                "ci95_high_ms": m.result["ci95_high_ms"],
                "timings_ms": m.result["timings_ms"],
                "noisy": m.noisy,
                "peak_memory_mib": m.peak_memory_mib,
            }
            for target, m in enumerate(measurements)
        },
    }


def _precision(candidate: Candidate) -> JsonDict:
    """At which targets execute it, where its architecture says so."""
    precision = precision_of(candidate.architecture)
    return {} if precision is None else {"precision": precision}


def _sharpness(task: Task, network: nn.Module, weights: Path) -> SharpnessPart:
    """Of the network with these weights, on training images."""
    data = task.dataset()
    network.load_state_dict(load_file(weights))
    images, labels = spread_batch(data, data.train, SHARPNESS_IMAGES)
    with TrainingPass(task.service.settings.host_lock_dir, on_wait=task.lease.check):
        found = sharpness_of(network, images, labels)
    return SharpnessPart(**asdict(found), samples=len(images))


def _judged(task: Task, export: Export, folder: Path) -> JudgedFile:
    """The accuracies of a file, which is fetched into `folder`."""
    data = task.dataset()
    model = ExportedModel(task.service.artifacts.fetch(export.sha256, folder / export.format.file_name), export.format)
    validation, test = (model.accuracy(split, task.lease.check) for split in (data.validation, data.test))
    return JudgedFile(export, validation, test)


def _deployed(task: Task, judged: list[JudgedFile]) -> JsonDict:
    """The figures of the file that stands for the candidate, under names that do not depend on which one it is."""
    spec = as_executed(task.search.spec, task.candidate)
    form = spec.targets[deployed_target(spec)].format
    (file,) = (file for file in judged if file.export.format is form)
    figures = _figures(file)
    return {"file": form.file_name, "model_file_bytes": figures.pop("size_bytes"), **figures}


def _figures(file: JudgedFile) -> JsonDict:
    return {
        "size_bytes": file.export.size_bytes,
        "validation_accuracy": file.validation.accuracy,
        "validation_samples": file.validation.sample_count,
        "test_accuracy": file.test.accuracy,
        "test_samples": file.test.sample_count,
    }


def _evidence(task: Task) -> tuple[Evaluation, list[Measurement]]:
    """What the candidate is finalized with: its last evaluation, and on each target what its timings say together."""
    final = task.candidate.final or {}
    with task.service.store.read() as uow:
        evaluation = uow.evidence.evaluation(final["evaluation_id"])
        known = (uow.evidence.measurements_of(e.sha256, task.search.tenant) for e in evaluation.exports)
        by_id = {m.id: m for measurements in known for m in measurements}
    timings = (ids_of(final, target) for target in range(len(task.search.spec.targets)))
    return evaluation, [combined([told(task.search, by_id[each]) for each in taken]) for taken in timings]
