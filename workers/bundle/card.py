"""Makes the model card of a finalized candidate from the evidence about it."""

import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

from nas_service.domain.entities import Candidate, Evaluation, Export, Measurement, Search
from nas_service.domain.errors import PermanentError
from nas_service.domain.executed import precision_of
from nas_service.domain.spec import Metric
from nas_service.use_cases.reuse import training_of
from workers.bundle.card_format import (
    CandidatePart,
    Card,
    CostPart,
    DatasetPart,
    FilePart,
    LatencyPart,
    LineagePart,
    PackedPart,
    SearchPart,
    SharePart,
    SharpnessPart,
    TrainingPart,
)
from workers.data import DataSet, summary
from workers.export.exported import ExportedAccuracy

LIBRARIES = ("nas-service", "torch", "onnx", "onnxruntime", "numpy", "optuna")


@dataclass(frozen=True, slots=True)
class JudgedFile:
    """An exported file, and its own accuracies."""

    export: Export
    validation: ExportedAccuracy
    test: ExportedAccuracy


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a card is made of."""

    search: Search
    candidate: Candidate
    evaluation: Evaluation
    measurements: list[Measurement]
    data: DataSet
    files: list[JudgedFile]
    sharpness: SharpnessPart | None
    lineage: LineagePart | None = None
    packed: PackedPart | None = None


class DatasetChangedError(PermanentError):
    """The data set is not the one that was trained on, so that its test images may have been learnt."""


def check_data(evaluation: Evaluation, data: DataSet) -> None:
    """Raise DatasetChangedError unless `data` is what was trained on."""
    trained_on = evaluation.fidelity["dataset_fingerprint"]
    if data.fingerprint != trained_on:
        detail = f"data set {data.name} was {trained_on[:12]} in training and is {data.fingerprint[:12]} now"
        raise DatasetChangedError("dataset-changed", f"{detail}; restore it, or start a new search")


def make_card(facts: CardFacts) -> Card:
    """The card, dated now. Raises DatasetChangedError."""
    check_data(facts.evaluation, facts.data)
    search, candidate = facts.search, facts.candidate
    return Card(
        created_at=datetime.now(UTC).replace(microsecond=0),
        search=SearchPart(id=search.id, name=search.name, seed=search.spec.seed),
        candidate=CandidatePart(
            id=candidate.id,
            number=candidate.number,
            architecture_key=candidate.architecture_key,
            precision=precision_of(candidate.architecture, candidate.recipe),
        ),
        dataset=_dataset(facts),
        files=[_file(judged) for judged in facts.files],
        cost=CostPart(
            macs=int(candidate.metrics[Metric.MACS]),
            params=int(candidate.metrics[Metric.PARAMS]),
            weight_bytes=int(candidate.metrics[Metric.SIZE_BYTES]),
        ),
        latencies=[_latency(measurement) for measurement in facts.measurements],
        training=_training(facts),
        sharpness=facts.sharpness,
        packed=facts.packed,
        lineage=facts.lineage,
        versions={name: version(name) for name in LIBRARIES} | {"python": platform.python_version()},
    )


def _file(judged: JudgedFile) -> FilePart:
    export = judged.export
    assert export.max_abs_error is not None  # it was tried, or it would have been written again
    return FilePart(
        format=export.format,
        sha256=export.sha256,
        size_bytes=export.size_bytes,
        max_abs_error=export.max_abs_error,
        runtime=export.format.stock_runtime,
        validation=_share(judged.validation),
        test=_share(judged.test),
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
        validation_accuracy=facts.evaluation.accuracy,
        curve=result["curve"],
    )


def _latency(measurement: Measurement) -> LatencyPart:
    return LatencyPart.model_validate({"target": measurement.target} | measurement.result)
