"""Finish one member of the front: test its exported file once, and bundle it."""

import tempfile
from dataclasses import asdict
from pathlib import Path

from nas_service.domain.entities import Evaluation, JsonDict, Measurement
from nas_service.use_cases.space import space_of
from workers.bundle.card import CardFacts, make_card
from workers.bundle.exported import ExportedModel
from workers.bundle.write import BundleParts, pack, write_bundle
from workers.tasks.context import Task

MEDIA_TYPES = {
    ".json": "application/json",
    ".md": "text/markdown",
    ".onnx": "application/onnx",
    ".safetensors": "application/vnd.safetensors",
    ".svg": "image/svg+xml",
    ".zip": "application/zip",
}


def finalize(task: Task) -> JsonDict:
    """The final numbers and the bundle's artifacts."""
    data, space = task.dataset(), space_of(task.search)
    evaluation, measurements = _evidence(task)
    artifacts = task.service.artifacts
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "bundle")
        model = artifacts.fetch(evaluation.result["model_sha256"], folder / "model.onnx")
        artifacts.fetch(evaluation.result["weights_sha256"], folder / "weights.safetensors")
        exported = ExportedModel(model)
        validation, test = (exported.accuracy(split, task.lease.check) for split in (data.validation, data.test))
        facts = CardFacts(task.search, task.candidate, evaluation, measurements, data, validation, test)
        architecture = space.canonical(task.candidate.architecture)
        assert task.search.space is not None
        parts = BundleParts(space, task.search.space, architecture, data, make_card(facts))
        files = write_bundle(folder, parts)
        bundle = artifacts.put(pack(files, Path(scratch, "bundle.zip")), MEDIA_TYPES[".zip"])
        stored = {p.name: asdict(artifacts.put(p, MEDIA_TYPES.get(p.suffix, "text/plain"))) for p in files}
    return {
        "artifacts": stored | {"bundle.zip": asdict(bundle)},
        "final": {
            "bundle": bundle.sha256,
            "validation_accuracy": validation.accuracy,
            "test_accuracy": test.accuracy,
            "test_samples": test.sample_count,
            "model_file_bytes": evaluation.result["model_file_bytes"],
            "latency": {
                str(target): {
                    "median_ms": m.median_ms,
                    "ci95_low_ms": m.result["ci95_low_ms"],
                    "ci95_high_ms": m.result["ci95_high_ms"],
                    "noisy": m.noisy,
                }
                for target, m in enumerate(measurements)
            },
        },
    }


def _evidence(task: Task) -> tuple[Evaluation, list[Measurement]]:
    """What the candidate is finalized with: its last evaluation, and its last measurement on each target in order."""
    final = task.candidate.final or {}
    with task.service.store.read() as uow:
        evaluation = uow.evidence.evaluation(final["evaluation_id"])
        by_id = {m.id: m for m in uow.evidence.measurements_of(evaluation.result["model_sha256"], task.search.tenant)}
    return evaluation, [by_id[final["measurements"][str(t)]] for t in range(len(task.search.spec.targets))]
