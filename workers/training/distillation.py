"""Knowledge distillation: what a network learns from its teachers, beside the labels."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nas_service.domain.errors import PermanentError
from nas_service.domain.spec import DistillationSpec
from workers.data import DataSet
from workers.training.attention import AttentionMaps, attention_distance
from workers.training.teachers import Teacher, logits_of_split


def distillation_loss(logits: Tensor, taught: Tensor, temperature: float) -> Tensor:
    """T^2 KL(taught || softmax(logits / T)), in nats, its mean over the batch; `taught` are probabilities at T.

    The factor keeps the gradient, (softmax(z / T) - taught) T / N, as large as that of the labels whatever the
    temperature (Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", 2015, arXiv 1503.02531,
    section 2.1).
    """
    return temperature**2 * F.kl_div(F.log_softmax(logits.float() / temperature, 1), taught, reduction="batchmean")


def soft_targets(logits: Sequence[Tensor], temperature: float) -> Tensor:
    """The mean of the teachers' probabilities at the temperature: (N, classes)."""
    return torch.stack([F.softmax(each / temperature, 1) for each in logits]).mean(0)


class Distillation:
    """One student's lessons. Each batch is shown to the teachers first, as the student will see it: a teacher that sees
    other crops than its student teaches less (Beyer et al., "A good teacher is patient and consistent", CVPR 2022).
    Where nothing changes the images, what was said of them once is read again.
    """

    def __init__(self, config: DistillationSpec, teachers: Sequence[Teacher], device: torch.device) -> None:
        """Raises PermanentError `no-teacher` without any."""
        if not teachers:
            raise PermanentError(
                "no-teacher", "there is no teacher to learn from; name one in training.distill.teachers"
            )
        self._config, self._device = config, device
        self._teachers = [teacher.on(device) for teacher in teachers]
        self._teacher_maps = [AttentionMaps(t.network) for t in self._teachers] if config.attention else []
        self._student_maps: AttentionMaps | None = None
        self._said: list[Tensor] | None = None
        self._taught: Tensor | None = None
        self._shown: list[list[Tensor]] = []

    @property
    def identity(self) -> list[str]:
        """Of the teachers."""
        return [teacher.identity for teacher in self._teachers]

    def watch(self, student: nn.Module) -> None:
        """See where `student` looks, if that is to be learned."""
        self._student_maps = AttentionMaps(student) if self._config.attention else None

    def remember(self, data: DataSet, cache_dir: Path | None, before_batch: Callable[[], None]) -> None:
        """Ask the teachers about all training images, which never change, and show them none from now on."""
        if not self._config.attention:
            self._said = [logits_of_split(t, data, self._device, cache_dir, before_batch) for t in self._teachers]

    def show(self, images: Tensor, rows: Tensor) -> None:
        """The batch that is trained on next, on the device, and its rows in the training split."""
        if self._said is not None:
            logits = [said[rows] for said in self._said]
        else:
            logits = [teacher.logits(images) for teacher in self._teachers]
            self._shown = [maps.take() for maps in self._teacher_maps]
        self._taught = soft_targets(logits, self._config.temperature)
        if self._student_maps is not None:
            self._student_maps.forget()

    def loss(self, logits: Tensor, of_labels: Tensor) -> Tensor:
        """Of the batch shown last: (1 - weight) `of_labels` + weight of what is taught + attention."""
        assert self._taught is not None
        config, loss = self._config, of_labels
        if config.weight:
            taught = distillation_loss(logits, self._taught, config.temperature)
            loss = (1 - config.weight) * of_labels + config.weight * taught
        if self._student_maps is None:
            return loss
        mine = self._student_maps.take()
        distances = torch.stack([attention_distance(mine, theirs) for theirs in self._shown])
        return loss + config.attention / 2 * distances.mean()
