"""Proxies against what can be worked out by hand."""

import math

import pytest
import torch
from torch import nn

from tests.unit.workers.training.samples import small_network
from workers.proxies import PROXIES, jacob_cov, scores, synflow
from workers.proxies.jacob_cov import EPSILON


def images(count: int = 6) -> torch.Tensor:
    return torch.randn(count, 3, 8, 8, generator=torch.Generator().manual_seed(3))


def linear_network(*weights: list[list[float]]) -> nn.Module:
    layers = [nn.Linear(len(w[0]), len(w), bias=False) for w in weights]
    for layer, weight in zip(layers, weights, strict=True):
        layer.weight.data = torch.tensor(weight)
    return nn.Sequential(nn.Flatten(), *layers)


def test_the_synaptic_flow_of_linear_layers_is_once_the_output_for_each_of_them() -> None:
    """R = 1' |B| |A| 1 is homogeneous in every layer, so each adds R (Tanaka et al., theorem 1)."""
    a, b = [[1.0, -2.0], [3.0, 0.5]], [[-1.0, 4.0]]
    output = 1 * (1 + 2) + 4 * (3 + 0.5)
    assert synflow(linear_network(a, b), torch.zeros(5, 2, 1, 1)) == pytest.approx(math.log(2 * output))


def test_the_synaptic_flow_passes_batch_norm_and_rectifiers_unchanged() -> None:
    conv = nn.Conv2d(1, 1, 1, bias=False)
    conv.weight.data.fill_(-3.0)
    norm = nn.BatchNorm2d(1)
    norm.running_var.fill_(100.0)
    network = nn.Sequential(conv, norm, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    assert synflow(network, torch.zeros(1, 1, 4, 4)) == pytest.approx(math.log(3))


def test_where_nothing_flows_the_synaptic_flow_is_the_least() -> None:
    assert synflow(linear_network([[0.0, 0.0]]), torch.zeros(1, 2, 1, 1)) == -math.inf


def test_a_network_that_treats_all_images_alike_has_the_least_jacobian_covariance() -> None:
    """A linear network has one Jacobian: all correlations are 1, the eigenvalues N and N - 1 zeros."""
    count = 4
    found = jacob_cov(linear_network([[1.0, -2.0, 0.5]]), torch.randn(count, 3, 1, 1))
    zeros = (count - 1) * (math.log(EPSILON) + 1 / EPSILON)
    assert found == pytest.approx(-(zeros + math.log(count) + 1 / count), rel=1e-6)


class Squares(nn.Module):
    """Its Jacobian is twice its input."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x**2).flatten(1)


def test_images_that_are_treated_in_unrelated_ways_give_the_largest() -> None:
    """Jacobians (1, -1, 1, -1) and (1, 1, -1, -1) are not correlated: both eigenvalues are 1."""
    inputs = torch.tensor([[1.0, -1.0, 1.0, -1.0], [1.0, 1.0, -1.0, -1.0]]).view(2, 1, 2, 2)
    assert jacob_cov(Squares(), inputs) == pytest.approx(-2 * (math.log(1 + EPSILON) + 1 / (1 + EPSILON)))


def test_proxies_leave_the_network_and_the_images_as_they_are() -> None:
    network, batch = small_network(), images()
    before, pixels = {n: t.clone() for n, t in network.state_dict().items()}, batch.clone()
    found = scores(network, batch, PROXIES)
    assert found.keys() == PROXIES.keys()
    assert all(math.isfinite(score) for score in found.values())
    assert torch.equal(batch, pixels)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert network.training
    assert all(p.grad is None for p in network.parameters())
