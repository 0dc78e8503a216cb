"""How a task trains: from its checkpoint, with its progress reported, and making room for timings."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict

import structlog

from workers.checkpoints import KeptCheckpoint
from workers.profiling.host_lock import TrainingPass
from workers.tasks.context import Task
from workers.tasks.teachers import find_teachers
from workers.training import (
    Checkpoint,
    CheckpointError,
    EpochMetrics,
    Progress,
    RunSettings,
    TrainingHooks,
    TrainingResult,
)

log = structlog.get_logger()

Train = Callable[[Checkpoint | None, TrainingHooks, RunSettings], TrainingResult]


@contextmanager
def _beside_timings(task: Task) -> Iterator[TrainingPass]:
    """The right to train on this host; logs for how long timings made use of theirs."""
    with TrainingPass(task.service.settings.host_lock_dir, on_wait=task.lease.check) as host:
        try:
            yield host
        finally:
            log.info("paused for timings", item=task.item.id, paused_s=round(host.paused_s, 3))


def train_resumably(
    task: Task, epochs: int, train: Train, fork: KeptCheckpoint | None = None, *, keep_fork: bool = False, part: int = 0
) -> TrainingResult:
    """What `train` gives, going on where an earlier attempt was, or from `fork` of a shorter training.

    With `keep_fork` a fork is left for a longer one. Of an item that trains several times, each training is another
    `part`. Raises Paused, Abandoned and what `train` raises.
    """
    own = task.checkpoint_of(part)
    last: dict[str, float | None] = {"validation_accuracy": None}
    with _beside_timings(task) as host:

        def on_step(progress: Progress) -> None:
            steps = {"epoch": progress.epoch, "epochs": epochs, "step": progress.step}
            task.lease.report({**steps, "total_steps": progress.total_steps, **last})
            task.lease.check()
            host.step()

        def on_epoch(metrics: EpochMetrics) -> None:
            last.update((name, value) for name, value in asdict(metrics).items() if name.endswith("_accuracy"))

        def before_batch() -> None:
            task.lease.check()
            host.step()

        hooks = TrainingHooks(
            before_batch=before_batch,
            on_step=on_step,
            on_epoch=on_epoch,
            save=own.save,
            checkpoint_interval_s=task.service.settings.checkpoint_s,
            fork=fork.save if fork and keep_fork else None,
        )
        run = RunSettings(seed=task.search.spec.seed, cache_dir=task.cache_dir, teachers=lambda: find_teachers(task))
        for kept in [own, *([fork] if fork else [])]:
            try:
                if (checkpoint := kept.load()) is not None:
                    return train(checkpoint, hooks, run)
            except CheckpointError as error:
                log.warning("checkpoint discarded, training without it", item=task.item.id, reason=error.detail)
                kept.discard()
        return train(None, hooks, run)
