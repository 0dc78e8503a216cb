"""The model card: every number with its split, seed, epochs and birthplace."""

import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from nas_service.domain.entities import Candidate, Evaluation, JsonDict, Measurement, Search
from nas_service.domain.spec import Metric
from nas_service.use_cases.reuse import training_of
from workers.bundle.exported import ExportedAccuracy
from workers.data import DataSet

FORMAT = 1
LIBRARIES = ("nas-service", "torch", "onnx", "onnxruntime", "numpy", "optuna")


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a card is made of."""

    search: Search
    candidate: Candidate
    evaluation: Evaluation
    measurements: list[Measurement]
    data: DataSet
    validation: ExportedAccuracy
    test: ExportedAccuracy


def make_card(facts: CardFacts) -> JsonDict:
    """The card as plain JSON types."""
    search, candidate, result = facts.search, facts.candidate, facts.evaluation.result
    return {
        "format": FORMAT,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "search": {"id": search.id, "name": search.name, "seed": search.spec.seed},
        "candidate": {"id": candidate.id, "number": candidate.number, "architecture_key": candidate.architecture_key},
        "dataset": _dataset(facts),
        "accuracy": {
            "of": "model.onnx, run by onnxruntime",
            "validation": _share(facts.validation),
            "test": _share(facts.test),
            "torch_validation": {"accuracy": facts.evaluation.accuracy},
        },
        "cost": {
            "macs": candidate.metrics[Metric.MACS],
            "params": candidate.metrics[Metric.PARAMS],
            "weight_bytes": candidate.metrics[Metric.SIZE_BYTES],
            "model_file_bytes": result["model_file_bytes"],
        },
        "latencies": [_latency(m) for m in facts.measurements],
        "training": {
            "spec": training_of(search, final=True).model_dump(mode="json"),
            "fidelity": facts.evaluation.fidelity,
            "duration_s": result["duration_s"],
            "device": result["device"],
            "precision": result["precision"],
            "validation_loss": result["validation_loss"],
            "curve": result["curve"],
        },
        "export": {"max_abs_error_against_torch": result["export_max_abs_error"]},
        "versions": {name: version(name) for name in LIBRARIES} | {"python": platform.python_version()},
    }


def _share(measured: ExportedAccuracy) -> JsonDict:
    return {"accuracy": measured.accuracy, "sample_count": measured.sample_count}


def _dataset(facts: CardFacts) -> JsonDict:
    assert facts.search.dataset is not None
    return {
        "spec": facts.search.spec.dataset.model_dump(mode="json"),
        "fingerprint": facts.data.fingerprint,
        "classes": list(facts.data.classes),
        "height": facts.search.dataset.height,
        "width": facts.search.dataset.width,
        "channels": facts.search.dataset.channels,
        "mean": list(facts.data.mean),
        "std": list(facts.data.std),
        "summary": facts.search.dataset.summary,
    }


def _latency(measurement: Measurement) -> JsonDict:
    kept: tuple[str, ...] = (
        "median_ms",
        "p10_ms",
        "p90_ms",
        "p99_ms",
        "mad_ms",
        "ci95_low_ms",
        "ci95_high_ms",
        "sample_count",
        "noisy",
        "reference_median_ms",
        "reference_ratio",
        "peak_memory_mib",
        "load_ms",
        "birthplace",
    )
    found: dict[str, Any] = {name: measurement.result[name] for name in kept}
    return {"target": measurement.target.model_dump(mode="json"), **found}
