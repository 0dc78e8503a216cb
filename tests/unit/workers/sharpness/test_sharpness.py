"""Figures of sharpness against ones computed whole, on networks small enough for that."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd.functional import hessian
from torch.func import functional_call

from workers.sharpness import sharpness_of, top_eigenvalue, worst_case_rise

GENERATOR = torch.Generator().manual_seed(3)
IMAGES = torch.randn(24, 2, 4, 4, generator=GENERATOR)
LABELS = torch.arange(24) % 3


def a_network() -> nn.Module:
    torch.manual_seed(1)
    network = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Tanh(), nn.Flatten(), nn.Linear(12, 3))
    network(IMAGES)
    return network.eval()


def whole_hessian(network: nn.Module) -> torch.Tensor:
    shapes = {name: p.shape for name, p in network.named_parameters()}
    flat = torch.cat([p.detach().flatten() for p in network.parameters()])

    def loss(vector: torch.Tensor) -> torch.Tensor:
        parts = vector.split([shape.numel() for shape in shapes.values()])
        weights = {name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}
        return F.cross_entropy(functional_call(network, weights, (IMAGES,)), LABELS)

    found: torch.Tensor = hessian(loss, flat)
    return found


def test_the_top_eigenvalue_is_that_of_the_whole_hessian() -> None:
    network = a_network()
    eigenvalues = torch.linalg.eigvalsh(whole_hessian(network))
    largest = eigenvalues[eigenvalues.abs().argmax()].item()
    assert top_eigenvalue(network, IMAGES, LABELS) == pytest.approx(largest, rel=0.02)


def test_the_worst_rise_grows_with_the_distance_and_beats_random_weights_as_far_away() -> None:
    network = a_network()
    near, far = (worst_case_rise(network, IMAGES, LABELS, rho) for rho in (0.1, 0.5))
    assert 0 < near < far
    with torch.no_grad():
        start = F.cross_entropy(network(IMAGES), LABELS).item()
        for _ in range(50):
            direction = [torch.randn(p.shape, generator=GENERATOR) for p in network.parameters()]
            length = torch.cat([d.flatten() for d in direction]).norm()
            moved = {
                name: p + p.abs() * 0.5 * d / length
                for (name, p), d in zip(network.named_parameters(), direction, strict=True)
            }
            assert F.cross_entropy(functional_call(network, moved, (IMAGES,)), LABELS).item() - start < far


def test_a_flat_loss_has_neither() -> None:
    network = a_network()
    nn.init.zeros_(network[4].weight)
    nn.init.zeros_(network[4].bias)
    images = torch.zeros_like(IMAGES)
    nn.init.zeros_(network[1].weight)
    nn.init.zeros_(network[1].bias)
    assert worst_case_rise(network, images, LABELS) == 0


def test_what_a_normalisation_cancels_does_not_change_the_worst_rise() -> None:
    network, scaled = a_network(), a_network()
    with torch.no_grad():
        scaled[0].weight *= 4
        scaled[0].bias *= 4
        scaled[1].running_mean *= 4
        scaled[1].running_var *= 16
    torch.testing.assert_close(scaled(IMAGES), network(IMAGES), rtol=1e-3, atol=1e-3)
    rises = [worst_case_rise(one, IMAGES, LABELS) for one in (network, scaled)]
    assert rises[0] == pytest.approx(rises[1], rel=0.01)


def test_the_network_is_left_as_it_was_and_equal_ones_give_equal_figures() -> None:
    network = a_network().train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    first = sharpness_of(network, IMAGES, LABELS)
    assert sharpness_of(network, IMAGES, LABELS) == first
    assert network.training
    assert all(p.grad is None and p.requires_grad for p in network.parameters())
    assert all(torch.equal(network.state_dict()[name], tensor) for name, tensor in before.items())
