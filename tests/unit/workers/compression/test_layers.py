"""Exported programs get their layers back: the same function, and one that trains."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.export import Dim, export

from search_spaces.program import load_program
from workers.compression.layers import layered
from workers.profiling.runtimes.torch_program import save_program


class Mixed(nn.Module):
    """Layers of every kind, one of them used twice, and a shape that follows from the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3, stride=2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.depthwise = nn.Conv2d(4, 4, 3, padding=1, groups=4)
        self.shared = nn.Conv2d(4, 4, 1)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(64, 10)

    def forward(self, images: Tensor) -> Tensor:
        features = self.depthwise(torch.relu(self.norm(self.stem(images))))
        features = self.shared(self.shared(features)) + features
        logits: Tensor = self.head(self.drop(features.reshape(features.shape[0], -1)))
        return logits


@pytest.fixture
def network() -> nn.Module:
    torch.manual_seed(0)
    network = Mixed()
    network(torch.randn(16, 1, 8, 8))  # so that the statistics are not those of a new batch norm
    return network.eval()


@pytest.fixture
def found(network: nn.Module, tmp_path: Path) -> nn.Module:
    program = export(network, (torch.zeros(2, 1, 8, 8),), dynamic_shapes=({0: Dim("batch", min=1)},))
    save_program(program, tmp_path / "model.pt2")
    return layered(load_program(tmp_path / "model.pt2"))


def test_layers_compute_what_the_program_computes_at_any_batch_size(network: nn.Module, found: nn.Module) -> None:
    for size in (1, 5):
        images = torch.randn(size, 1, 8, 8)
        assert torch.allclose(found(images), network(images), atol=1e-6)


def test_layers_are_found_but_for_those_whose_weights_are_used_twice(found: nn.Module) -> None:
    kinds = sorted(type(module).__name__ for module in found.children())
    assert kinds.count("Conv2d") == 2
    assert {"BatchNorm2d", "Dropout", "Linear"} <= set(kinds)


def test_batch_norms_learn_again_in_train_mode_and_rest_in_eval_mode(found: nn.Module) -> None:
    (norm,) = (module for module in found.modules() if isinstance(module, nn.BatchNorm2d))
    assert norm.running_mean is not None
    before = norm.running_mean.clone()
    found.eval()(torch.randn(8, 1, 8, 8))
    assert torch.equal(norm.running_mean, before)
    found.train()(torch.randn(8, 1, 8, 8))
    assert not torch.equal(norm.running_mean, before)


def test_every_weight_of_the_program_is_trained(network: nn.Module, found: nn.Module) -> None:
    found.train()(torch.randn(8, 1, 8, 8)).square().mean().backward()
    trained = sum(parameter.numel() for parameter in found.parameters() if parameter.grad is not None)
    assert trained == sum(parameter.numel() for parameter in network.parameters())
