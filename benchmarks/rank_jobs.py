"""The trainings of `rank_agreement.py`, each a job of a process of its own: what is known is told, the rest is done."""

import faulthandler
import json
import multiprocessing
import signal
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from nas_service.domain.spec import DatasetSpec, SupernetSpec, TrainingSpec
from search_spaces import Architecture, NetworkInput, SearchSpace, build, get
from search_spaces.supernet import Supernet
from workers.data import DataSet, load_dataset, steps_per_epoch
from workers.interrupted import Interrupted
from workers.supernet import inherited_network, train_supernet
from workers.training import Checkpoint, EpochMetrics, Progress, RunSettings, TrainingHooks, evaluate, train

DRAW_SEED = 11
DRAWN = 4000
"""Architectures among which the spread ones are looked for."""
LONG_CALIBRATION = 4096
"""Training images of a recalibration that leaves nothing to noise."""
EXTRAS: dict[str, Any] = {"training": {}, "tuned": 0, "seconds": 0}
"""What a variant may say beside fields of SupernetSpec, and what holds if it does not."""
TRIED_STEPS = (60, 60)
"""Not timed, and timed, to see how many epochs fit into a time."""
TRAINING_SHARE, TUNING_SHARE = 0.82, 0.95
"""Of the time limit, after which no supernet is trained, and no inherited network trained on."""


@dataclass(frozen=True)
class World:
    """What all jobs share."""

    data: str
    """`digits`, or an .npz file."""
    space_name: str
    choices: str
    """JSON."""
    count: int
    """Architectures."""
    device: str
    cache: str
    """Folder of compiled kernels and unfinished supernets; empty: nothing is kept."""
    began: float
    """When this run began, in seconds since 1970."""
    limit_s: float

    def left_s(self, share: float = 1.0) -> float:
        """Seconds until this share of the time limit is over."""
        return self.began + share * self.limit_s - time.time()

    @property
    def run(self) -> RunSettings:
        return RunSettings(device=self.device, cache_dir=Path(self.cache) if self.cache else None)

    def identity(self) -> list[str]:
        """Of what is trained; not of where."""
        return [Path(self.data).name, self.space_name, self.choices]


@lru_cache(maxsize=1)
def loaded(world: World) -> tuple[DataSet, SearchSpace, NetworkInput]:
    """Once a process."""
    path = Path(world.data).resolve()
    name, roots = ("digits", []) if world.data == "digits" else (f"npz:{path}", [path.parent])
    data = load_dataset(DatasetSpec(name=name), roots)
    space = get(world.space_name, choices=json.loads(world.choices), image_size=max(data.height, data.width))
    return data, space, NetworkInput(data.channels, len(data.classes))


@lru_cache(maxsize=1)
def drawn(world: World) -> dict[str, list[Architecture]]:
    """Different architectures by how they were drawn."""
    _, space, shape = loaded(world)
    rng, few = np.random.default_rng(DRAW_SEED), world.count // 2
    uniform = list({a.key: a for a in space.sample(rng, 4 * world.count)}.values())[: world.count - few]
    taken = {a.key: a for a in uniform}
    rows = space.canonical_indices(
        rng.integers(0, [len(c.options) for c in space.choices], (DRAWN, len(space.choices)))
    )
    macs = np.log(space.cost(rows, shape).macs)
    marks = np.linspace(*np.quantile(macs, [0.005, 0.995]), few + 1)
    for low, high in pairwise(marks):
        nearest = np.abs(macs - rng.uniform(low, high)).argsort()
        found = (space.from_indices(rows[[place]])[0] for place in nearest)
        new = next(a for a in found if a.key not in taken)
        taken[new.key] = new
    return {"uniform": uniform, "spread": list(taken.values())[len(uniform) :]}


def architecture(world: World, key: str) -> Architecture:
    """One of those drawn."""
    return next(a for part in drawn(world).values() for a in part if a.key == key)


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
        data, _, _ = loaded(world)
        options = json.loads(self.settings)
        training, tuned, seconds = (options.pop(name, default) for name, default in EXTRAS.items())
        how = SupernetSpec.model_validate(options)
        config = how.training_like(TrainingSpec.model_validate({"precision": "fp32"} | training))
        path = Path(world.cache, f"{self.name}.checkpoint") if world.cache else None
        known = Checkpoint.load(path) if path and path.exists() else None
        if known:
            config = config.model_copy(update={"epochs": known.facts["epochs"] or config.epochs})
        elif seconds:
            fitting = max(1, int(seconds / _epoch_s(world, config, how)))
            config = config.model_copy(update={"epochs": min(config.epochs, fitting)})
        supernet, facts = self._trained(world, config, how, known)
        judged: dict[str, dict[str, Any]] = {}
        for key in self.keys:
            one = architecture(world, key)
            began = time.perf_counter()
            found = evaluate(inherited_network(supernet, one, data), data, data.validation)
            taken = time.perf_counter() - began
            network = inherited_network(supernet, one, data, LONG_CALIBRATION)
            longer = evaluate(network, data, data.validation)
            judged[key] = {
                "accuracy": found.accuracy,
                "loss": found.loss,
                "accuracy, long calibration": longer.accuracy,
                "loss, long calibration": longer.loss,
                "evaluation_s": taken,
            }
            if tuned and world.left_s(TUNING_SHARE) > 0:
                again = train(network, data, TrainingSpec(epochs=tuned, precision="fp32"), run=world.run)
                judged[key]["tuned"] = again.validation_accuracy
        return {"title": self.title, "settings": json.loads(self.settings), **facts, "judged": judged}

    def _trained(
        self, world: World, config: TrainingSpec, how: SupernetSpec, known: Checkpoint | None
    ) -> tuple[Supernet, dict[str, Any]]:
        """For its epochs, or until the time is over."""
        data, space, shape = loaded(world)
        torch.manual_seed(0)
        supernet = Supernet(space, shape)
        last: list[Checkpoint] = []
        path = Path(world.cache, f"{self.name}.checkpoint") if world.cache else None

        def keep(checkpoint: Checkpoint) -> None:
            last[:] = [checkpoint]
            if path:
                checkpoint.save(path)

        def stop(_: object) -> None:
            if world.left_s(TRAINING_SHARE) < 0:
                raise Interrupted

        def tell(metrics: EpochMetrics) -> None:
            print(f"{world.limit_s - world.left_s():6.0f} s  {self.title} {metrics.to_dict()}", flush=True)

        hooks = TrainingHooks(on_step=stop, on_epoch=tell, save=keep, checkpoint_interval_s=30.0)
        try:
            result = train_supernet(supernet, data, config, how, known, hooks, world.run)
        except Interrupted:
            weights, facts = last[0].part("average") or last[0].part("model"), last[0].facts
            duration_s, curve = facts["duration_s"], facts["curve"]
        else:
            weights, duration_s, curve = result.weights, result.duration_s, result.curve
        supernet.load_state_dict(weights)
        device = "cuda" if world.device == "auto" and torch.cuda.is_available() else world.device
        supernet.to("cpu" if device == "auto" else device)
        return supernet, {"epochs": len(curve), "of_epochs": config.epochs, "duration_s": duration_s, "curve": curve}


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


def results(world: World, jobs: Sequence[Job], processes: int, kept: Path | None) -> dict[str, Any]:
    """By name, as far as the time allows; each is written to `kept` as it comes. A failure is printed and left out."""
    files = {job.name: kept / f"{_digest(world)}-{job.name}.json" for job in jobs} if kept else {}
    known = {name: json.loads(file.read_text()) for name, file in files.items() if file.exists()}
    missing = [job for job in jobs if job.name not in known]
    for count, (name, result, failure) in enumerate(_done(world, missing, processes), 1):
        print(f"{world.limit_s - world.left_s():6.0f} s  {count} of {len(missing)}: {name} {failure}", flush=True)
        if not failure:
            known[name] = result
            if name in files:
                files[name].write_text(json.dumps(result))
    return known


def _done(world: World, jobs: Sequence[Job], processes: int) -> Iterator[tuple[str, Any, str]]:
    """Name, result and failure of each job as it ends, until the time is over: what still runs then is ended."""
    with multiprocessing.get_context("spawn").Pool(processes, initializer=_begin) as pool:
        ended = pool.imap_unordered(_do, [(world, job) for job in jobs])
        with suppress(multiprocessing.TimeoutError):
            for _ in jobs:
                yield ended.next(timeout=max(0.1, world.left_s()))


def _begin() -> None:
    """In each process; what is cut off when the time is over says where it was."""
    torch.set_num_threads(1)
    faulthandler.register(signal.SIGTERM, chain=True)


def _do(task: tuple[World, Job]) -> tuple[str, Any, str]:
    world, job = task
    print(f"{world.limit_s - world.left_s():6.0f} s  {job.name} begins", flush=True)
    try:
        return job.name, job.do(world), ""
    except Exception:  # one job's failure must not end the others'
        return job.name, None, traceback.format_exc()


def _digest(world: World) -> str:
    return sha256(json.dumps(world.identity()).encode()).hexdigest()[:8]
