"""Trains exit heads at several places of a network that stays as it is."""

from collections.abc import Sequence
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from nas_service.domain.compression.early_exit import EarlyExitOptions
from nas_service.domain.spec import DistillationSpec, TrainingSpec
from workers.compression.cuts import Cut, before
from workers.compression.exit_network import exit_head
from workers.compression.fine_tune import steady
from workers.training.loop import TrainingLoop
from workers.training.precision import autocast


class ExitHeads(nn.Module):
    """A head for each of several cuts of one network, whose weights are frozen and whose mode is evaluation."""

    def __init__(self, graph: fx.GraphModule, cuts: Sequence[Cut], class_count: int) -> None:
        super().__init__()
        self.trunk = before(graph, cuts).requires_grad_(False)
        self.heads = nn.ModuleList(exit_head(cut.shape, class_count) for cut in cuts)

    def train(self, mode: bool = True) -> Self:
        """Of the heads alone."""
        super().train(mode)
        self.trunk.eval()
        return self

    def logits(self, x: Tensor) -> list[Tensor]:
        """Of each head."""
        with torch.no_grad():
            features = self.trunk(x)
        return [head(own) for head, own in zip(self.heads, features, strict=True)]

    def forward(self, x: Tensor) -> Tensor:
        """Of the last head: what a learning curve shows."""
        return self.logits(x)[-1]


class ExitLoop(TrainingLoop):
    """Training of `ExitHeads`: each learns the labels by itself."""

    def _gradients(self, images: Tensor, labels: Tensor) -> Tensor:
        heads = self.state.model
        assert isinstance(heads, ExitHeads)
        with autocast(self.device, self.state.precision):
            loss = torch.stack([F.cross_entropy(logits, labels) for logits in heads.logits(images)]).sum()
        self.state.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(self.scaler.scale(loss))
        return loss.detach()


def training_of(training: TrainingSpec, options: EarlyExitOptions) -> TrainingSpec:
    """Of the heads, by AdamW; what is deployed are the last weights."""
    return steady(training).model_copy(
        update={
            "epochs": options.epochs or max(1, training.epochs // 2),
            "optimizer": "adamw",
            "learning_rate": options.learning_rate,
            "ema_decay": 0.0,
            "swa_fraction": 0.0,
            "sam_rho": 0.0,
            "precision": "fp32",
            "distill": DistillationSpec(),
        }
    )
