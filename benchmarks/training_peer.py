"""The peer of `training.py`: a training loop as the PyTorch tutorials write it."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from PIL import Image, ImageOps
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from nas_service.domain.spec import TrainingSpec
from workers.data import DataSet
from workers.data import Split as StoredSplit
from workers.training.schedule import RateSchedule

BATCH_SIZE = 64


@dataclass(frozen=True)
class Trained:
    """What a training did and reached."""

    steps: int
    validation_accuracy: float
    precision: str = "fp32"


class Images(Dataset[tuple[Tensor, int]]):
    """Samples as images, changed one by one: random crop of the padded image, tensor, normalisation."""

    def __init__(self, data: DataSet, split: StoredSplit, crop: bool) -> None:
        pixels = split.rows(slice(0, len(split)))
        self.images = [Image.fromarray(image.squeeze()) for image in pixels]
        self.labels = split.labels.tolist()
        self.mean, self.std = torch.tensor(data.mean)[:, None, None], torch.tensor(data.std)[:, None, None]
        self.fill = round(255 * data.mean[0])
        self.padding = data.height // 8 if crop else 0

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image = self.images[index]
        if self.padding:
            left, top = torch.randint(0, 2 * self.padding + 1, (2,)).tolist()
            padded = ImageOps.expand(image, self.padding, self.fill)
            image = padded.crop((left, top, left + image.width, top + image.height))
        tensor = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
        tensor = tensor.view(image.height, image.width, -1).permute(2, 0, 1).contiguous().float().div(255)
        return (tensor - self.mean) / self.std, self.labels[index]


def train_like_the_tutorials(
    model: nn.Module, data: DataSet, config: TrainingSpec, seed: int, channels_last: bool
) -> Trained:
    """Train `model` in place. The last, incomplete batch is left out, so that all variants do the same steps."""
    torch.manual_seed(seed)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    model.to(memory_format=layout)
    loader = DataLoader(Images(data, data.train, crop=True), BATCH_SIZE, shuffle=True, drop_last=True)
    validation = DataLoader(Images(data, data.validation, crop=False), BATCH_SIZE)
    rates, total = RateSchedule.of(config, len(loader)), config.epochs * len(loader)
    optimizer = torch.optim.SGD(
        model.parameters(), rates.peak, momentum=config.momentum, weight_decay=config.weight_decay, nesterov=True
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rates(min(step, total - 1)) / rates.peak)
    accuracy = 0.0
    for _ in range(config.epochs):
        model.train()
        for images, labels in loader:
            loss = F.cross_entropy(model(images.contiguous(memory_format=layout)), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        accuracy = _accuracy(model, validation, layout)
    return Trained(total, accuracy)


@torch.no_grad()
def _accuracy(model: nn.Module, loader: DataLoader[tuple[Tensor, int]], layout: torch.memory_format) -> float:
    model.eval()
    correct = count = 0
    for images, labels in loader:
        correct += (model(images.contiguous(memory_format=layout)).argmax(1) == labels).sum().item()
        count += len(labels)
    return correct / count
