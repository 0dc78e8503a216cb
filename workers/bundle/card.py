"""Makes the model card of a finalized candidate from the evidence about it."""

import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

from nas_service.domain.entities import Candidate, Evaluation, Measurement, Search
from nas_service.domain.errors import PermanentError
from nas_service.domain.spec import Metric
from nas_service.use_cases.reuse import training_of
from workers.bundle.card_format import (
    AccuracyPart,
    CandidatePart,
    Card,
    CostPart,
    DatasetPart,
    ExportPart,
    LatencyPart,
    SearchPart,
    SharePart,
    TrainingPart,
)
from workers.bundle.exported import ExportedAccuracy
from workers.data import DataSet, summary

LIBRARIES = ("nas-service", "torch", "onnx", "onnxruntime", "numpy", "optuna")


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a card is made of. The accuracies are of the exported file."""

    search: Search
    candidate: Candidate
    evaluation: Evaluation
    measurements: list[Measurement]
    data: DataSet
    validation: ExportedAccuracy
    test: ExportedAccuracy


class DatasetChangedError(PermanentError):
    """The data set is not the one that was trained on, so that its test images may have been learnt."""


def make_card(facts: CardFacts) -> Card:
    """The card, dated now. Raises DatasetChangedError."""
    trained_on = facts.evaluation.fidelity["dataset_fingerprint"]
    if facts.data.fingerprint != trained_on:
        detail = (
            f"data set {facts.data.name} was {trained_on[:12]} in training and is {facts.data.fingerprint[:12]} now"
        )
        raise DatasetChangedError("dataset-changed", f"{detail}; restore it, or start a new search")
    search, candidate, result = facts.search, facts.candidate, facts.evaluation.result
    return Card(
        created_at=datetime.now(UTC).replace(microsecond=0),
        search=SearchPart(id=search.id, name=search.name, seed=search.spec.seed),
        candidate=CandidatePart(id=candidate.id, number=candidate.number, architecture_key=candidate.architecture_key),
        dataset=_dataset(facts),
        accuracy=AccuracyPart(
            validation=_share(facts.validation),
            test=_share(facts.test),
            torch_validation=facts.evaluation.accuracy,
        ),
        cost=CostPart(
            macs=int(candidate.metrics[Metric.MACS]),
            params=int(candidate.metrics[Metric.PARAMS]),
            weight_bytes=int(candidate.metrics[Metric.SIZE_BYTES]),
            model_file_bytes=result["model_file_bytes"],
        ),
        latencies=[_latency(measurement) for measurement in facts.measurements],
        training=_training(facts),
        export=ExportPart(max_abs_error=result["export_max_abs_error"]),
        versions={name: version(name) for name in LIBRARIES} | {"python": platform.python_version()},
    )


def _share(measured: ExportedAccuracy) -> SharePart:
    return SharePart(accuracy=measured.accuracy, sample_count=measured.sample_count)


def _dataset(facts: CardFacts) -> DatasetPart:
    data = facts.data
    return DatasetPart(
        spec=facts.search.spec.dataset,
        fingerprint=data.fingerprint,
        classes=list(data.classes),
        channels=data.channels,
        height=data.height,
        width=data.width,
        mean=list(data.mean),
        std=list(data.std),
        splits=summary(data)["splits"],
    )


def _training(facts: CardFacts) -> TrainingPart:
    fidelity, result = facts.evaluation.fidelity, facts.evaluation.result
    return TrainingPart(
        spec=training_of(facts.search, final=True),
        evaluator=fidelity["evaluator"],
        seed=fidelity["seed"],
        epochs=fidelity["epochs"],
        train_samples=fidelity["train_samples"],
        duration_s=result["duration_s"],
        device=result["device"],
        precision=result["precision"],
        torch_version=result["torch_version"],
        validation_loss=result["validation_loss"],
        curve=result["curve"],
    )


def _latency(measurement: Measurement) -> LatencyPart:
    return LatencyPart.model_validate({"target": measurement.target} | measurement.result)
