"""Training the weights that all networks of a space share: the candidates' training loop with other gradients."""

from dataclasses import dataclass
from functools import partial
from statistics import fmean
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nas_service.domain.spec import SupernetSpec, TrainingSpec
from search_spaces import Architecture
from search_spaces.supernet import Supernet
from workers.data import DataSet, MemorySplit, Split
from workers.supernet.attention import POOL, attended, rivals_of_first
from workers.supernet.inherited import inherited_network
from workers.supernet.sandwich import sandwich
from workers.supernet.shrinking import Shrinking
from workers.training import Checkpoint, EpochMetrics, RunSettings, TrainingHooks, TrainingResult, evaluate
from workers.training.distillation import distillation_loss, soft_targets
from workers.training.loop import TrainingLoop
from workers.training.precision import Precision, autocast

GRADIENT_NORM = 1.0
"""Largest norm of one network's gradient: that of the largest network would drown those of all others in the weights
that they share."""

JUDGED_NETWORKS = 4
"""Networks drawn at random whose mean accuracy is a point of the learning curve, beside the largest and smallest."""
JUDGED_IMAGES = 512
"""Validation images of a point of the curve: it is for watching, not for selecting."""


@dataclass(frozen=True, slots=True)
class SupernetMetrics(EpochMetrics):
    """The accuracy and loss of `EpochMetrics` are means over a few fixed networks drawn at random."""

    largest_accuracy: float
    smallest_accuracy: float


def train_supernet(
    supernet: Supernet,
    data: DataSet,
    config: TrainingSpec,
    how: SupernetSpec,
    checkpoint: Checkpoint | None = None,
    hooks: TrainingHooks = TrainingHooks(),
    run: RunSettings = RunSettings(),
) -> TrainingResult:
    """As `workers.training.train`, for shared weights: each step trains the largest network, the smallest, and some
    drawn as `how` says, on one batch. `config` is what `SupernetSpec.training_like` makes of a training."""
    with torch.random.fork_rng():
        torch.manual_seed(run.seed)
        return SupernetLoop(supernet, data, config, how, hooks, run).run(checkpoint)


class SupernetLoop(TrainingLoop):
    """One training of a supernet."""

    def __init__(
        self,
        supernet: Supernet,
        data: DataSet,
        config: TrainingSpec,
        how: SupernetSpec,
        hooks: TrainingHooks,
        run: RunSettings,
    ) -> None:
        super().__init__(supernet, data, config, hooks, run)
        assert isinstance(self.state.model, Supernet)
        self._supernet = self.state.model
        self._how, self._space = how, supernet.space
        self._shrinking = Shrinking(supernet.space, supernet.network_input, how, self.total_steps)
        self._taught: Tensor | None = None
        self.state.metrics = SupernetMetrics
        self.state.identity |= {"space": supernet.space.name, "supernet": _learning(how)}
        if how.largest_first or how.opening == "progressive":
            self.state.shared_steps = 0
        self._judged = sandwich(self._space, (run.seed,), JUDGED_NETWORKS)
        self._judged_on = _first(data.validation, JUDGED_IMAGES)
        _begin_momentum(self.state.optimizer)

    def _gradients(self, images: Tensor, labels: Tensor) -> Tensor:
        """Those of every network of this step, each no longer than `GRADIENT_NORM`; gives the mean of their losses."""
        self.state.optimizer.zero_grad(set_to_none=True)
        self._taught = None
        networks = self._networks(images, labels)
        return torch.stack([self._add_gradients(network, images, labels) for network in networks]).mean()

    def _networks(self, images: Tensor, labels: Tensor) -> list[Architecture]:
        """Those of this step, the largest first: a function of the seed, the step and, with attention, the losses."""
        how, step = self._how, self.state.step
        draw = self.run_settings.seed, step
        if step < self._shrinking.begin:
            return sandwich(self._space, draw, 0)[:1]
        closed = self._shrinking.closed(step)
        if how.attention == "none":
            return sandwich(self._space, draw, how.sampled, closed)
        largest, smallest, *drawn = sandwich(self._space, draw, POOL * how.sampled, closed)
        pools = [drawn[start : start + POOL] for start in range(0, len(drawn), POOL)]
        loss_of = partial(self._loss_of, images=images, labels=labels)
        found = (rivals_of_first(self._space, self._supernet.network_input, pool) for pool in pools)
        return [largest, smallest, *(attended(how.attention, rivals, loss_of) for rivals in found)]

    @torch.no_grad()
    def _loss_of(self, architecture: Architecture, images: Tensor, labels: Tensor) -> float:
        with autocast(self.device, self.state.precision):
            return F.cross_entropy(self._supernet.subnet(architecture)(images), labels).item()

    def _distillation(self) -> None:
        """A supernet needs no teachers from outside: with `distill` its largest network teaches all others, on the same
        batch ("in-place distillation", Yu and Huang, ICCV 2019)."""

    def _loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Of the step's first network, the largest one, by labels alone; of the others by what that one said, too."""
        loss = F.cross_entropy(logits, labels, label_smoothing=self.config.label_smoothing)
        distill = self.config.distill
        if not distill.weight:
            return loss
        if self._taught is None:
            self._taught = soft_targets([logits.detach().float()], distill.temperature)
            return loss
        taught = distillation_loss(logits, self._taught, distill.temperature)
        return (1 - distill.weight) * loss + distill.weight * taught

    def _add_gradients(self, architecture: Architecture, images: Tensor, labels: Tensor) -> Tensor:
        with autocast(self.device, self.state.precision):
            loss = self._loss(self._supernet.subnet(architecture)(images), labels)
        shared = list(self._supernet.parameters())
        found = torch.autograd.grad(self.scaler.scale(loss), shared, allow_unused=True)
        used = [
            (parameter, gradient) for parameter, gradient in zip(shared, found, strict=True) if gradient is not None
        ]
        gradients = [gradient for _, gradient in used]
        norm = nn.utils.get_total_norm(gradients)
        longest = self.scaler.scale(norm.new_tensor(GRADIENT_NORM))
        torch._foreach_mul_(gradients, (longest / (norm + 1e-6)).clamp(max=1))
        for parameter, gradient in used:
            parameter.grad = gradient if parameter.grad is None else parameter.grad.add_(gradient)
        return loss.detach()

    def _validated(self, epoch: int, train_loss: float) -> SupernetMetrics:
        """Of the weights as they are deployed."""
        supernet = self.state.deployed
        assert isinstance(supernet, Supernet)
        found = [
            evaluate(inherited_network(supernet, architecture, self.data), self.data, self._judged_on)
            for architecture in self._judged
        ]
        largest, smallest, *sampled = found
        return SupernetMetrics(
            epoch=epoch,
            train_loss=train_loss,
            validation_loss=fmean(judged.loss for judged in sampled),
            validation_accuracy=fmean(judged.accuracy for judged in sampled),
            duration_s=self._duration_s(),
            largest_accuracy=largest.accuracy,
            smallest_accuracy=smallest.accuracy,
        )

    def _typical_network(self) -> nn.Module:
        return self._supernet.extract(self._judged[0])

    def _prepared(self, model: nn.Module, precision: Precision) -> nn.Module:
        """A supernet prepares the blocks of its subnets as it makes them."""
        if not isinstance(model, Supernet):
            return super()._prepared(model, precision)
        model.prepare = partial(super()._prepared, precision=precision)
        return model


def _learning(how: SupernetSpec) -> dict[str, Any]:
    """What of it a step depends on."""
    return how.model_dump(include={"sampled", "largest_first", "opening", "attention"})


def _begin_momentum(optimizer: torch.optim.Optimizer) -> None:
    """Zero momentum for all: torch's fused SGD takes no mixture of weights that were trained before and others."""
    if isinstance(optimizer, torch.optim.SGD):
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)


def _first(split: Split, count: int) -> Split:
    """The first images of a split, in memory."""
    images = torch.from_numpy(split.rows(slice(0, count)).copy()).permute(0, 3, 1, 2)
    return MemorySplit(images, split.labels[:count])
