"""Train a candidate from scratch, validate it, and export it."""

import tempfile
from dataclasses import asdict
from pathlib import Path

import structlog
import torch
from safetensors.torch import save_file
from torch import nn

import search_spaces
from nas_service import tracing
from nas_service.domain.entities import WEIGHTS_FILE, JsonDict
from nas_service.domain.rungs import rungs_of
from nas_service.use_cases.reuse import training_of
from nas_service.use_cases.space import network_input, space_of
from workers.data import DataSet, evaluation_batches
from workers.export.exported import require
from workers.export.files import subject_of
from workers.profiling.host_lock import TrainingPass
from workers.proxies import scores
from workers.tasks.context import Task
from workers.tasks.exporting import exported
from workers.training import (
    CheckpointError,
    EpochMetrics,
    Progress,
    RunSettings,
    TrainingHooks,
    TrainingResult,
    train,
)

log = structlog.get_logger()

PROXY_IMAGES = 64


def evaluate(task: Task) -> JsonDict:
    """An accuracy with its fidelity, and the files. Raises TrainingDivergedError, ExportMismatchError, Paused."""
    formats = task.search.spec.formats
    require(formats)
    data = task.dataset()
    space = space_of(task.search)
    architecture = space.canonical(task.candidate.architecture)
    torch.manual_seed(task.search.spec.seed)
    model = search_spaces.build(space, architecture, network_input(task.search))
    proxies = _proxies(task, model, data)
    with tracing.span("train"):
        trained = _train(task, model, data)
    model.load_state_dict(trained.weights)
    files = exported(task, subject_of(model, data, space.name, architecture.key), formats)
    with tempfile.TemporaryDirectory() as folder:
        save_file(trained.weights, Path(folder, WEIGHTS_FILE))
        weights = task.service.artifacts.put(Path(folder, WEIGHTS_FILE), "application/vnd.safetensors")
    return {
        "accuracy": trained.validation_accuracy,
        "fidelity": _fidelity(task, data, trained),
        "artifacts": files["artifacts"] | {WEIGHTS_FILE: asdict(weights)},
        "exports": files["exports"],
        "result": {
            "proxies": proxies,
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
    """What the untrained network scores on the first training images."""
    names = task.search.spec.strategy.proxies
    if not names:
        return {}
    images, _ = next(evaluation_batches(data, data.train, PROXY_IMAGES))
    with TrainingPass(task.service.settings.host_lock_dir, on_wait=task.lease.check):
        return scores(model, images, names)


def _train(task: Task, model: nn.Module, data: DataSet) -> TrainingResult:
    payload = task.item.payload
    training = training_of(task.search, final=bool(payload.get("final")), epochs=payload.get("epochs"))
    curve: list[EpochMetrics] = []

    with TrainingPass(task.service.settings.host_lock_dir, on_wait=task.lease.check) as host:

        def on_step(progress: Progress) -> None:
            task.lease.report(
                {
                    "epoch": progress.epoch,
                    "epochs": training.epochs,
                    "step": progress.step,
                    "total_steps": progress.total_steps,
                    "validation_accuracy": curve[-1].validation_accuracy if curve else None,
                }
            )
            task.lease.check()
            host.step()

        hooks = TrainingHooks(
            on_step=on_step,
            on_epoch=curve.append,
            save=task.checkpoint.save,
            checkpoint_interval_s=task.service.settings.checkpoint_s,
            fork=task.fork.save if training.epochs in rungs_of(task.search.spec)[:-1] else None,
        )
        run = RunSettings(seed=task.search.spec.seed, cache_dir=task.cache_dir)
        for kept in (task.checkpoint, task.fork):
            try:
                if (checkpoint := kept.load()) is not None:
                    return train(model, data, training, checkpoint, hooks, run)
            except CheckpointError as error:
                log.warning("checkpoint discarded, training without it", item=task.item.id, reason=error.detail)
                kept.discard()
        return train(model, data, training, None, hooks, run)


def _fidelity(task: Task, data: DataSet, trained: TrainingResult) -> JsonDict:
    return {
        "evaluator": task.search.spec.strategy.evaluator,
        "epochs": trained.epochs,
        "seed": task.search.spec.seed,
        "dataset_fingerprint": data.fingerprint,
        "train_samples": len(data.train),
        "validation_samples": len(data.validation),
    }
