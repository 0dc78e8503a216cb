"""Train a candidate, have it inherit its weights, or leave it untrained; validate it, and export it."""

import tempfile
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

import search_spaces
from nas_service import tracing
from nas_service.domain.entities import WEIGHTS_FILE, JsonDict, SupernetFacts
from nas_service.domain.executed import as_executed
from nas_service.domain.metrics import judged_by_training
from nas_service.domain.rungs import rungs_of
from nas_service.domain.spec import Metric
from nas_service.use_cases.reuse import evaluator_of, inherits, training_of, tuning_of
from nas_service.use_cases.space import network_input, space_of
from search_spaces.deployment import SPARSITY
from workers.compression.sparse_training import train_sparsely
from workers.data import DataSet, spread_batch
from workers.export.exported import require
from workers.export.files import subject_of
from workers.profiling.host_lock import TrainingPass
from workers.proxies import scores
from workers.sharpness import SHARPNESS_IMAGES, worst_case_rise
from workers.supernet import inherited_network
from workers.tasks.context import Task
from workers.tasks.exporting import exported
from workers.tasks.packing import packed_asked_for, packed_facts, stored
from workers.tasks.shared_weights import supernet_of
from workers.tasks.training import train_resumably
from workers.tasks.untrained import IMAGES, untrained
from workers.training import TrainingResult, train
from workers.training import evaluate as validate

PROXY_IMAGES = 64


def evaluate(task: Task) -> JsonDict:
    """An accuracy with its fidelity, and the files. Raises TrainingDivergedError, ExportMismatchError, Paused."""
    formats = as_executed(task.search.spec, task.candidate).formats
    require(formats)
    data = task.dataset()
    space = space_of(task.search)
    architecture = space.canonical(task.candidate.architecture)
    torch.manual_seed(task.search.spec.seed)
    model = search_spaces.build(space, architecture, network_input(task.search))
    proxies = _proxies(task, model, data)
    final = bool(task.item.payload.get("final"))
    supernet = inherits(task.search, final=final)
    if supernet:
        shared = supernet_of(task, supernet.sha256)
        model.load_state_dict(inherited_network(shared, architecture, data).state_dict())
    if _is_untrained(task):
        trained = untrained(model, data)
    else:
        trained = _inherited(task, model, data, supernet) if supernet and not final else _train(task, model, data)
    model.load_state_dict(trained.weights)
    files = exported(task, subject_of(model, data, space.name, space.network_key(architecture.values)), formats)
    packed = stored(task, packed_asked_for(task.search.spec, trained.weights))
    with tempfile.TemporaryDirectory() as folder:
        save_file(trained.weights, Path(folder, WEIGHTS_FILE))
        weights = task.service.artifacts.put(Path(folder, WEIGHTS_FILE), "application/vnd.safetensors")
    return {
        "accuracy": trained.validation_accuracy,
        "fidelity": _fidelity(task, data, trained),
        "artifacts": files["artifacts"] | packed | {WEIGHTS_FILE: asdict(weights)},
        "exports": files["exports"],
        "result": {
            "proxies": proxies,
            **sharpness_asked_for(task, model, data),
            **packed_facts(task, packed),
            "validation_loss": trained.validation_loss,
            "curve": trained.curve,
            "steps": trained.steps,
            "duration_s": trained.duration_s,
            "samples_per_s": trained.samples_per_s,
            "precision": trained.precision,
            "device": trained.device,
            "torch_version": torch.__version__,
            "weights_sha256": weights.sha256,
        },
    }


def _proxies(task: Task, model: nn.Module, data: DataSet) -> dict[str, float]:
    """What the untrained network scores on some training images."""
    names = task.search.spec.strategy.proxies
    if not names:
        return {}
    images, _ = spread_batch(data, data.train, PROXY_IMAGES)
    with TrainingPass(task.service.settings.host_lock_dir, on_wait=task.lease.check):
        return scores(model, images, names)


def sharpness_asked_for(task: Task, model: nn.Module, data: DataSet) -> dict[str, float]:
    """The rise of the loss close by the trained weights, where the search goes by it."""
    if Metric.SHARPNESS not in judged_by_training(task.search.spec):
        return {}
    images, labels = spread_batch(data, data.train, SHARPNESS_IMAGES)
    with TrainingPass(task.service.settings.host_lock_dir, on_wait=task.lease.check):
        return {"sharpness": worst_case_rise(model.eval(), images, labels)}


def _is_untrained(task: Task) -> bool:
    return task.search.spec.strategy.evaluator == "untrained"


def _train(task: Task, model: nn.Module, data: DataSet) -> TrainingResult:
    payload = task.item.payload
    training = training_of(task.search, final=bool(payload.get("final")), epochs=payload.get("epochs"))
    goes_on = training.epochs in rungs_of(task.search.spec)[:-1]
    with tracing.span("train"):
        fit = partial(train, model, data, training)
        if sparsity := task.candidate.architecture.get(SPARSITY.name):
            fit = partial(train_sparsely, model, data, training, float(sparsity))
        return train_resumably(task, training.epochs, fit, task.fork, keep_fork=goes_on)


def _inherited(task: Task, model: nn.Module, data: DataSet, supernet: SupernetFacts) -> TrainingResult:
    """The network with the supernet's weights, trained on for a little while where the spec says so."""
    tuning = tuning_of(task.search)
    if tuning is None:
        return _as_inherited(model, data, supernet)
    with tracing.span("train"):
        return train_resumably(task, tuning.epochs, partial(train, model, data, tuning))


def _as_inherited(model: nn.Module, data: DataSet, supernet: SupernetFacts) -> TrainingResult:
    """The network as the supernet's training left it."""
    start = time.monotonic()
    validation = validate(model, data, data.validation)
    return TrainingResult(
        validation_accuracy=validation.accuracy,
        validation_loss=validation.loss,
        curve=[],
        epochs=supernet.epochs,
        steps=0,
        duration_s=time.monotonic() - start,
        samples_per_s=0.0,
        precision="fp32",
        device="cpu",
        weights={name: tensor.contiguous() for name, tensor in model.state_dict().items()},
    )


def _fidelity(task: Task, data: DataSet, trained: TrainingResult) -> JsonDict:
    return {
        "evaluator": evaluator_of(task.search, final=bool(task.item.payload.get("final"))),
        "epochs": trained.epochs,
        "seed": task.search.spec.seed,
        "dataset_fingerprint": data.fingerprint,
        "train_samples": len(data.train),
        "validation_samples": min(IMAGES, len(data.validation)) if _is_untrained(task) else len(data.validation),
    }
