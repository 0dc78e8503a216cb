"""The trainings of `rank_agreement.py`: one network from scratch, or one supernet and what it gives to all of them."""

import json
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import torch
from rank_world import World, architecture, loaded

from nas_service.domain.spec import SupernetSpec, TrainingSpec
from search_spaces import build
from search_spaces.supernet import Supernet
from workers.data import steps_per_epoch
from workers.interrupted import Interrupted
from workers.supernet import inherited_network, train_supernet
from workers.training import Checkpoint, EpochMetrics, Progress, TrainingHooks, evaluate, train

LONG_CALIBRATION = 4096
"""Training images of a recalibration that leaves nothing to noise."""
EXTRAS: dict[str, Any] = {"training": {}, "tuned": 0, "seconds": 0}
"""What a variant may say beside fields of SupernetSpec, and what holds if it does not."""
TRIED_STEPS = (60, 60)
"""Not timed, and timed, to see how many epochs fit into a time."""
TRAINING_SHARE, TUNING_SHARE = 0.82, 0.95
"""Of the time limit, after which no supernet is trained, and no inherited network trained on."""


class Job(Protocol):
    """One piece of work, the same wherever it is done."""

    @property
    def name(self) -> str:
        """Of its result."""

    def do(self, world: World) -> Any:
        """The result, JSON-able."""


@dataclass(frozen=True)
class FromScratch:
    """The validation accuracy of one training."""

    key: str
    epochs: int
    seed: int

    @property
    def name(self) -> str:
        return f"scratch-{self.key}-{self.epochs}-{self.seed}"

    def do(self, world: World) -> float:
        data, space, shape = loaded(world)
        torch.manual_seed(self.seed)
        network, config = (
            build(space, architecture(world, self.key), shape),
            TrainingSpec(epochs=self.epochs, precision="fp32"),
        )
        return train(network, data, config, run=replace(world.run, seed=self.seed)).validation_accuracy


@dataclass(frozen=True)
class Shared:
    """One supernet, and what each architecture is with its weights."""

    title: str
    settings: str
    """JSON: fields of SupernetSpec; `training`: fields of TrainingSpec; `seconds`: train for as many of its epochs as
    fit into so many; `tuned`: epochs of training on each inherited network."""
    keys: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"supernet-{sha256(self.settings.encode()).hexdigest()[:12]}"

    def do(self, world: World) -> dict[str, Any]:
        options = json.loads(self.settings)
        training, tuned, seconds = (options.pop(name, default) for name, default in EXTRAS.items())
        how = SupernetSpec.model_validate(options)
        config = how.training_like(TrainingSpec.model_validate({"precision": "fp32"} | training))
        file = self._unfinished(world)
        begun = Checkpoint.load(file) if file and file.exists() else None
        if begun:
            config = config.model_copy(update={"epochs": begun.facts["epochs"] or config.epochs})
        elif seconds:
            fitting = max(1, int(seconds / _epoch_s(world, config, how)))
            config = config.model_copy(update={"epochs": min(config.epochs, fitting)})
        supernet, facts = self._trained(world, config, how, begun)
        judged = {key: _judged(world, supernet, key, tuned) for key in self.keys}
        return {"title": self.title, "settings": json.loads(self.settings), **facts, "judged": judged}

    def _unfinished(self, world: World) -> Path | None:
        return Path(world.cache, f"{self.name}.checkpoint") if world.cache else None

    def _trained(
        self, world: World, config: TrainingSpec, how: SupernetSpec, begun: Checkpoint | None
    ) -> tuple[Supernet, dict[str, Any]]:
        """For its epochs, or until the time is over."""
        data, space, shape = loaded(world)
        torch.manual_seed(0)
        supernet = Supernet(space, shape)
        last: list[Checkpoint] = []
        file = self._unfinished(world)

        def keep(checkpoint: Checkpoint) -> None:
            last[:] = [checkpoint]
            if file:
                checkpoint.save(file)

        def stop(_: object) -> None:
            if world.left_s(TRAINING_SHARE) < 0:
                raise Interrupted

        def tell(metrics: EpochMetrics) -> None:
            print(f"{world.limit_s - world.left_s():6.0f} s  {self.title} {metrics.to_dict()}", flush=True)

        hooks = TrainingHooks(on_step=stop, on_epoch=tell, save=keep, checkpoint_interval_s=30.0)
        try:
            result = train_supernet(supernet, data, config, how, begun, hooks, world.run)
        except Interrupted:
            weights, facts = last[0].part("average") or last[0].part("model"), last[0].facts
            duration_s, curve = facts["duration_s"], facts["curve"]
        else:
            weights, duration_s, curve = result.weights, result.duration_s, result.curve
        supernet.load_state_dict(weights)
        device = "cuda" if world.device == "auto" and torch.cuda.is_available() else world.device
        supernet.to("cpu" if device == "auto" else device)
        return supernet, {"epochs": len(curve), "of_epochs": config.epochs, "duration_s": duration_s, "curve": curve}


def _judged(world: World, supernet: Supernet, key: str, tuned: int) -> dict[str, float]:
    """What one architecture is with these weights."""
    data, _, _ = loaded(world)
    one, began = architecture(world, key), time.perf_counter()
    found = evaluate(inherited_network(supernet, one, data), data, data.validation)
    taken_s = time.perf_counter() - began
    network = inherited_network(supernet, one, data, LONG_CALIBRATION)
    longer = evaluate(network, data, data.validation)
    told = {
        "accuracy": found.accuracy,
        "loss": found.loss,
        "accuracy, long calibration": longer.accuracy,
        "loss, long calibration": longer.loss,
        "evaluation_s": taken_s,
    }
    if not tuned or world.left_s(TUNING_SHARE) < 0:
        return told
    again = train(network, data, TrainingSpec(epochs=tuned, precision="fp32"), run=world.run)
    return told | {"tuned": again.validation_accuracy}


def _epoch_s(world: World, config: TrainingSpec, how: SupernetSpec) -> float:
    """Seconds that a pass over the training images takes beside the other jobs, by a few steps of all networks; while
    the largest trains alone, a step takes one of them."""
    data, space, shape = loaded(world)
    ends: list[float] = []

    def stop(progress: Progress) -> None:
        ends.append(time.perf_counter())
        if progress.step == sum(TRIED_STEPS):
            raise Interrupted

    trial = config.model_copy(update={"epochs": 1 + sum(TRIED_STEPS) // steps_per_epoch(data.train, config.batch_size)})
    with suppress(Interrupted):
        train_supernet(
            Supernet(space, shape), data, trial, how.trained_on(), hooks=TrainingHooks(on_step=stop), run=world.run
        )
    step_s = (ends[-1] - ends[TRIED_STEPS[0]]) / (len(ends) - 1 - TRIED_STEPS[0])
    alone = how.largest_first * (1 - 1 / (2 + how.sampled))
    return (1 - alone) * step_s * steps_per_epoch(data.train, config.batch_size)
