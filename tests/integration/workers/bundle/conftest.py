"""A real bundle: a tiny network trained for three epochs on digits, exported, timed, tested, written."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import search_spaces
from nas_service.artifacts.digest import file_sha256
from nas_service.domain.entities import Candidate, Evaluation, Export, Measurement, Search, SpaceFacts
from nas_service.domain.formats import ModelFormat
from nas_service.domain.spec import DatasetSpec, SearchSpec, TargetSpec, TrainingSpec
from nas_service.domain.states import CandidateStatus, SearchPhase, SearchStatus
from workers.bundle.card import CardFacts, JudgedFile, make_card
from workers.bundle.card_format import SharpnessPart
from workers.bundle.checks.bundle import Means
from workers.bundle.write import CHECKSUMS, FILES, BundleParts, write_bundle
from workers.data import DataSet, load_dataset
from workers.export.exported import ExportedModel
from workers.export.files import subject_of, write_files
from workers.profiling.measure import Effort, measure
from workers.profiling.measurement import MeasurementResult
from workers.training import RunSettings, train

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SPEC = SearchSpec(
    name="digits",
    dataset=DatasetSpec(name="digits"),
    training=TrainingSpec(epochs=3, precision="fp32"),
)


@dataclass(frozen=True)
class Made:
    """A finished bundle, and what it was made from."""

    folder: Path
    network: torch.nn.Module
    facts: CardFacts
    parts: BundleParts
    measured: MeasurementResult


@pytest.fixture(scope="package")
def data() -> DataSet:
    return load_dataset(SPEC.dataset, [])


@pytest.fixture(scope="package")
def made(data: DataSet, tmp_path_factory: pytest.TempPathFactory) -> Made:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("bundle")
    space = search_spaces.get("mobilenet", preset="tiny")
    (architecture,) = space.sample(np.random.default_rng(3), 1)
    network = search_spaces.build(space, architecture, search_spaces.NetworkInput(1, 10))
    trained = train(network, data, SPEC.training, run=RunSettings(seed=0))
    network.load_state_dict(trained.weights)
    save_file(trained.weights, folder / "weights.safetensors")
    model = folder / "model.onnx"
    subject = subject_of(network, data, "mobilenet", architecture.key)
    (written,) = write_files(subject, [ModelFormat.ONNX], folder)
    measured = measure(model, TargetSpec(), Effort(budget_s=0.3))
    exported = ExportedModel(model, ModelFormat.ONNX)
    size_bytes = model.stat().st_size
    export = Export(
        ModelFormat.ONNX, file_sha256(model), size_bytes, written.max_abs_error, trained.validation_accuracy
    )
    judged = JudgedFile(export, exported.accuracy(data.validation), exported.accuracy(data.test))
    facts = CardFacts(
        search=_search(),
        candidate=_candidate(space, architecture),
        evaluation=Evaluation(
            id="evaluation-1",
            reuse_key="key",
            accuracy=trained.validation_accuracy,
            fidelity={
                "evaluator": "scratch",
                "epochs": trained.epochs,
                "seed": 0,
                "dataset_fingerprint": data.fingerprint,
                "train_samples": len(data.train),
                "validation_samples": len(data.validation),
            },
            result={
                "validation_loss": trained.validation_loss,
                "curve": trained.curve,
                "duration_s": trained.duration_s,
                "device": trained.device,
                "precision": trained.precision,
                "torch_version": torch.__version__,
            },
            created_at=NOW,
            exports=(export,),
        ),
        measurements=[_measurement(model, measured)],
        data=data,
        files=[judged],
        sharpness=SharpnessPart(loss_rise=0.25, top_eigenvalue=12.5, samples=128),
    )
    parts = BundleParts(space, SpaceFacts("mobilenet", "tiny", {}, "1"), architecture, data, make_card(facts))
    write_bundle(folder, parts)
    return Made(folder, network.eval(), facts, parts, measured)


@pytest.fixture
def bundle(made: Made, tmp_path: Path) -> Path:
    """A copy to tamper with."""
    return shutil.copytree(made.folder, tmp_path / "bundle")


@pytest.fixture
def means(made: Made) -> Means:
    """Timing gives what it gave when the bundle was made: nothing here depends on how busy the machine is."""
    return Means(data_roots=[], measure=lambda model, stated: made.measured)


@pytest.fixture
def edit_card(bundle: Path) -> Callable[[str, Any], None]:
    """Sets a field of the bundle's card, by its dotted path, and makes the checksums fit again."""

    def edit(path: str, value: Any) -> None:
        card = json.loads((bundle / "card.json").read_text())
        *parents, last = path.split(".")
        part = card
        for name in parents:
            part = part[int(name) if isinstance(part, list) else name]
        part[last] = value
        (bundle / "card.json").write_text(json.dumps(card))
        sign(bundle)

    return edit


def sign(bundle: Path) -> None:
    """Make the checksums those of the files as they are."""
    (bundle / CHECKSUMS).write_text("".join(f"{file_sha256(bundle / name)}  {name}\n" for name in FILES))


def _search() -> Search:
    return Search(
        id="search-1",
        name="digits",
        spec=SPEC,
        status=SearchStatus.RUNNING,
        phase=SearchPhase.FINALIZE,
        version=1,
        candidate_count=8,
        study_name="search-1",
        active_s=0.0,
        active_since=None,
        created_at=NOW,
    )


def _candidate(space: search_spaces.SearchSpace, architecture: search_spaces.Architecture) -> Candidate:
    plan = space.plan(architecture, search_spaces.NetworkInput(1, 10))
    return Candidate(
        id="candidate-1",
        search_id="search-1",
        number=7,
        status=CandidateStatus.COMPLETED,
        architecture_key=architecture.key,
        architecture=dict(architecture.values),
        trial_id=7,
        metrics={"macs": float(plan.macs), "params": float(plan.params), "size_bytes": float(plan.weight_bytes)},
        proposed_at=NOW,
    )


def _measurement(model: Path, measured: MeasurementResult) -> Measurement:
    return Measurement(
        id="measurement-1",
        model_sha256=file_sha256(model),
        target=TargetSpec(),
        device_id=measured.birthplace["device_id"],
        median_ms=measured.median_ms,
        peak_memory_mib=measured.peak_memory_mib,
        noisy=measured.noisy,
        result=measured.to_dict(),
        created_at=NOW,
    )
