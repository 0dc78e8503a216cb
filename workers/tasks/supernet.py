"""Train the weights that a search's candidates share."""

import tempfile
from dataclasses import asdict
from pathlib import Path

from safetensors.torch import save_file

from nas_service import tracing
from nas_service.domain.entities import SUPERNET_FILE, JsonDict
from nas_service.use_cases.reuse import supernet_training
from workers.supernet import train_supernet
from workers.tasks.context import Task
from workers.tasks.shared_weights import new_supernet, supernet_of
from workers.tasks.training import train_resumably
from workers.training import Checkpoint, RunSettings, TrainingHooks, TrainingResult


def supernet(task: Task) -> JsonDict:
    """The shared weights and their learning curve. Raises TrainingDivergedError, Paused."""
    data, config = task.dataset(), supernet_training(task.search)
    begin = task.item.payload.get("begin")
    shared = supernet_of(task, begin) if begin else new_supernet(task)
    how = task.search.spec.strategy.supernet
    if begin:
        how = how.trained_on()

    def train(checkpoint: Checkpoint | None, hooks: TrainingHooks, run: RunSettings) -> TrainingResult:
        return train_supernet(shared, data, config, how, checkpoint, hooks, run)

    with tracing.span("train"):
        trained = train_resumably(task, config.epochs, train)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, SUPERNET_FILE)
        save_file(trained.weights, path)
        weights = task.service.artifacts.put(path, "application/vnd.safetensors")
    return {
        "epochs": trained.epochs,
        "duration_s": trained.duration_s,
        "curve": trained.curve,
        "artifacts": {SUPERNET_FILE: asdict(weights)},
    }
