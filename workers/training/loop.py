"""The training loop: a function of network, data, configuration and seed; interruptible and resumable at any step."""

import math
import time
from collections.abc import Callable
from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nas_service.domain.errors import TrainingDivergedError
from nas_service.domain.spec import TrainingSpec
from workers.data import DataSet, Epoch, steps_per_epoch, train_batches, visiting_order
from workers.interrupted import Interrupted
from workers.training.average import TailAverage, average_of
from workers.training.checkpoint import Checkpoint
from workers.training.distillation import Distillation
from workers.training.evaluation import evaluate
from workers.training.freezing import Freezing
from workers.training.interface import (
    EpochMetrics,
    Progress,
    RunSettings,
    TrainingHooks,
    TrainingResult,
)
from workers.training.kernels import kernel_library, use_kernels
from workers.training.look_sharpness_aware import LookSharpnessAware, sharpness_aware_of
from workers.training.loss_scaling import LossScaler
from workers.training.optimizer import build_optimizer, set_learning_rate
from workers.training.precision import Precision, autocast, candidates, faster_precision
from workers.training.recalibration import recalibrate
from workers.training.resizing import Resizing
from workers.training.schedule import RateSchedule
from workers.training.state import TrainingState
from workers.training.stopping import is_enough
from workers.training.transfer import on_device

Loop = Callable[[nn.Module, DataSet, TrainingSpec, TrainingHooks, RunSettings], "TrainingLoop"]
"""How to train: `TrainingLoop` itself, or one that is derived from it."""

STEPS_BETWEEN_LOSS_CHECKS = 50
"""On an accelerator, where reading the loss waits for the device; on the CPU every loss is checked."""


def train(
    model: nn.Module,
    data: DataSet,
    config: TrainingSpec,
    checkpoint: Checkpoint | None = None,
    hooks: TrainingHooks = TrainingHooks(),
    run: RunSettings = RunSettings(),
    *,
    loop: Loop | None = None,
) -> TrainingResult:
    """Train a copy of `model` on `data.train`, validating after each epoch.

    With `checkpoint` the training goes on where that was taken; on the CPU it ends with the same bits as without
    the interruption. That may be the fork of a shorter training (`TrainingHooks.fork`). Torch's random state is the
    caller's again afterwards.

    Raises TrainingDivergedError when a loss is NaN or infinite, CheckpointError for a checkpoint of another
    training, and whatever a hook raises; on Interrupted `hooks.save` gets a checkpoint first.
    """
    with torch.random.fork_rng():
        torch.manual_seed(run.seed)
        return (loop or TrainingLoop)(model, data, config, hooks, run).run(checkpoint)


class TrainingLoop:
    """One training. What trains otherwise than by its labels gives its own `_gradients` and `_validated`."""

    def __init__(
        self, model: nn.Module, data: DataSet, config: TrainingSpec, hooks: TrainingHooks, run: RunSettings
    ) -> None:
        self.data, self.config, self.hooks, self.run_settings = data, config, hooks, run
        self.device = torch.device(_device(run.device))
        self.steps_per_epoch = steps_per_epoch(data.train, config.batch_size)
        self.total_steps = config.epochs * self.steps_per_epoch
        self.rates = RateSchedule.of(config, self.steps_per_epoch)
        self.distillation = self._distillation()
        network = deepcopy(model)
        self.resizing = Resizing(network, data.train.shape[:2], config)
        self.freezing = Freezing(network, config, self.total_steps)
        self.scaler = LossScaler(self.device)
        self.state = self._initial_state(network)
        self.forward = self.state.model
        self.sharpness_aware = sharpness_aware_of(self.state.model, config)
        if isinstance(self.sharpness_aware, LookSharpnessAware):
            self.state.memories["look-sam"] = self.sharpness_aware
        self.started = self.last_saved = time.monotonic()

    def _initial_state(self, model: nn.Module) -> TrainingState:
        model = model.to(self.device).train()
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's stubs
        return TrainingState(
            model=model,
            optimizer=build_optimizer(model, self.config),
            average=average_of(model, self.config, self.rates.tail_begin),
            identity={
                "config": self.config.model_dump(mode="json", exclude={"epochs"}),
                "data": self.data.fingerprint,
                "seed": self.run_settings.seed,
                "teachers": self.distillation.identity if self.distillation else [],
            },
            epochs=self.config.epochs,
            shared_steps=0 if self.resizing.is_on else min(self.rates.shared_steps, self.freezing.begin),
            precision="fp32" if self.config.precision == "auto" else self.config.precision,
            epoch_loss=torch.zeros((), dtype=torch.float64, device=self.device),
            memories={"scaler": self.scaler},
        )

    def _distillation(self) -> Distillation | None:
        """Raises PermanentError where teachers are needed and nobody has named any."""
        if not self.config.distill.is_on:
            return None
        return Distillation(self.config.distill, self.run_settings.teachers(), self.device)

    def _ask_teachers(self, distillation: Distillation) -> None:
        """Where nothing changes the images, about all of them at once."""
        distillation.watch(self.state.model)
        if not (self.config.augment or self.resizing.is_on):
            distillation.remember(self.data, self.run_settings.cache_dir, self.hooks.before_batch)

    def run(self, checkpoint: Checkpoint | None) -> TrainingResult:
        state = self.state
        if checkpoint:
            state.restore(checkpoint)
        elif self.config.precision == "auto":
            state.precision = self._measured_precision()
        self.scaler.is_on = state.precision == "fp16"
        self.forward = self._prepared(state.model, state.precision)
        try:
            if self.distillation:
                self._ask_teachers(self.distillation)
            while len(state.curve) < self.config.epochs and not is_enough(state.curve, self.config):
                self._train_epoch(len(state.curve))
                self._finish_epoch(len(state.curve))
        except Interrupted:
            self._save()
            raise
        return self._result()

    def _train_epoch(self, epoch: int) -> None:
        state, config = self.state, self.config
        first_step = state.step - epoch * self.steps_per_epoch
        position = Epoch(self.run_settings.seed, epoch, first_step)
        order = torch.from_numpy(visiting_order(self.data.train, position)).to(self.device)
        for images, labels in train_batches(self.data, config.batch_size, position, config.augment):
            with self.resizing.during(epoch):
                images, labels = self.resizing(on_device(images, self.device)), on_device(labels, self.device)
                if self.distillation:
                    first_row = (state.step - epoch * self.steps_per_epoch) * config.batch_size
                    self.distillation.show(images, order[first_row : first_row + config.batch_size])
                loss = self._step(images, labels)
            self._check(loss)
            if self.hooks.fork and state.step == state.shared_steps:
                self.hooks.fork(state.to_checkpoint(self._duration_s()))
            self.hooks.on_step(Progress(epoch, state.step, self.total_steps, self._samples_seen(), loss))
            if time.monotonic() - self.last_saved >= self.hooks.checkpoint_interval_s:
                self._save()

    def _step(self, images: Tensor, labels: Tensor) -> Tensor:
        """One optimizer step; gives the batch's loss as a 0-d tensor."""
        config, state = self.config, self.state
        set_learning_rate(state.optimizer, self.rates(state.step))
        self.freezing.apply(state.step)
        loss = self._gradients(images, labels)
        if self.sharpness_aware:
            self.sharpness_aware.sharpen(state.step, lambda: self._gradients(images, labels))
        self.scaler.unscale(state.optimizer)
        if config.gradient_clip:
            nn.utils.clip_grad_norm_(state.model.parameters(), config.gradient_clip)
        self.scaler.step(state.optimizer)
        state.step += 1
        if state.average:
            state.average.update(state.step)
        state.epoch_loss += loss
        return loss

    def _gradients(self, images: Tensor, labels: Tensor) -> Tensor:
        """The batch's loss, its gradients, times the scale of the loss, left in the parameters."""
        with autocast(self.device, self.state.precision):
            logits = self.forward(images)
            loss = F.cross_entropy(logits, labels, label_smoothing=self.config.label_smoothing)
            if self.distillation:
                loss = self.distillation.loss(logits, loss)
        self.state.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(self.scaler.scale(loss))
        return loss.detach()

    def _finish_epoch(self, epoch: int) -> None:
        state = self.state
        train_loss = self._finite(state.epoch_loss.item() / self.steps_per_epoch)
        metrics = self._validated(epoch, train_loss)
        self._finite(metrics.validation_loss)
        state.epoch_loss.zero_()
        state.curve.append(metrics)
        self.hooks.on_epoch(metrics)

    def _validated(self, epoch: int, train_loss: float) -> EpochMetrics:
        """The next point of the learning curve."""
        if isinstance(self.state.average, TailAverage) and self.state.deployed is self.state.average.model:
            recalibrate(self.state.average.model, self.data)
        validation = evaluate(self.state.deployed, self.data, self.data.validation)
        return EpochMetrics(
            epoch=epoch,
            train_loss=train_loss,
            validation_loss=validation.loss,
            validation_accuracy=validation.accuracy,
            duration_s=self._duration_s(),
        )

    def _check(self, loss: Tensor) -> None:
        if self.device.type == "cpu" or self.state.step % STEPS_BETWEEN_LOSS_CHECKS == 0:
            self._finite(loss.item())

    def _finite(self, loss: float) -> float:
        if not math.isfinite(loss):
            step, total, rate = self.state.step, self.total_steps, self.rates.peak
            raise TrainingDivergedError(
                "training-diverged",
                f"the loss became {loss} at step {step} of {total} (peak learning rate {rate:g});"
                " lower training.learning_rate or set training.gradient_clip",
            )
        return loss

    def _measured_precision(self) -> Precision:
        images, _ = next(train_batches(self.data, self.config.batch_size, Epoch(self.run_settings.seed, 0)))
        network = self._typical_network()
        models = {name: self._prepared(deepcopy(network), name) for name in candidates(self.device)}
        return faster_precision(models, images.to(self.device), self.run_settings.cache_dir)

    def _typical_network(self) -> nn.Module:
        """What the faster precision is found with."""
        return self.state.model

    def _prepared(self, model: nn.Module, precision: Precision) -> nn.Module:
        """`model` as it computes fastest on this device in this precision, changed in place or wrapped."""
        if self.config.compile:
            model.compile()
            return model
        if self.device.type == "cpu" and precision == "fp32" and torch.get_num_threads() == 1:
            library = kernel_library(self.run_settings.cache_dir)
            if library:
                use_kernels(model, library)
        return model

    def _save(self) -> None:
        self.hooks.save(self.state.to_checkpoint(self._duration_s()))
        self.last_saved = time.monotonic()

    def _samples_seen(self) -> int:
        return self.state.step * min(self.config.batch_size, len(self.data.train))

    def _duration_s(self) -> float:
        return self.state.seconds_before + time.monotonic() - self.started

    def _result(self) -> TrainingResult:
        state, last = self.state, self.state.curve[-1]
        weights = {n: t.detach().cpu().contiguous() for n, t in state.deployed.state_dict().items()}
        return TrainingResult(
            validation_accuracy=last.validation_accuracy,
            validation_loss=last.validation_loss,
            curve=[point.to_dict() for point in state.curve],
            epochs=len(state.curve),
            steps=state.step,
            duration_s=last.duration_s,
            samples_per_s=self._samples_seen() / last.duration_s,
            precision=state.precision,
            device=str(self.device),
            weights=weights,
        )


def _device(name: str) -> str:
    if name != "auto":
        return name
    return "cuda" if torch.cuda.is_available() else "cpu"
