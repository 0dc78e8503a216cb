"""The worst weights nearby are those of the papers, and the weights come back to the bit."""

import pytest
import torch
from torch import nn

from tests.unit.workers.training.samples import small_network
from workers.training.sharpness_aware import ADAPTIVE_FLOOR, SharpnessAware

IMAGES = torch.rand(8, 3, 8, 8, generator=torch.Generator().manual_seed(0))


class Bowl(nn.Module):
    """f(w, b) = |w|^2 / 2 + 3 b: the gradient of the weights are the weights, that of the bias is 3."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([[3.0, -4.0], [0.0, 0.0]]))
        self.bias = nn.Parameter(torch.tensor([2.0]))
        self.unused = nn.Parameter(torch.tensor([7.0]))

    def loss(self) -> torch.Tensor:
        return (self.weight**2).sum() / 2 + 3 * self.bias.sum()


@pytest.fixture
def bowl() -> Bowl:
    bowl = Bowl()
    bowl.loss().backward()
    return bowl


def test_sam_goes_rho_along_the_gradient_of_all_parameters_together(bowl: Bowl) -> None:
    weight, gradient, length = bowl.weight.detach().clone(), bowl.weight.grad.clone(), (3**2 + 4**2 + 3**2) ** 0.5
    with SharpnessAware(bowl, 0.5, adaptive=False).worst_nearby():
        torch.testing.assert_close(bowl.weight.detach(), weight + 0.5 * gradient / length)
        torch.testing.assert_close(bowl.bias.detach(), torch.tensor([2 + 0.5 * 3 / length]))
        assert bowl.unused.item() == 7


def test_asam_measures_the_way_in_units_of_each_weight(bowl: Bowl) -> None:
    weight, gradient = bowl.weight.detach().clone(), bowl.weight.grad.clone()
    scale = weight.abs() + ADAPTIVE_FLOOR
    length = torch.cat([(scale * gradient).flatten(), torch.tensor([3.0])]).norm()
    with SharpnessAware(bowl, 0.5, adaptive=True).worst_nearby():
        torch.testing.assert_close(bowl.weight.detach(), weight + 0.5 * scale**2 * gradient / length)
        torch.testing.assert_close(bowl.bias.detach(), torch.tensor([2.0]) + 0.5 * 3 / length)


@pytest.mark.parametrize("adaptive", [False, True])
def test_asam_alone_is_blind_to_the_scale_of_the_weights(adaptive: bool) -> None:
    """Twice the weights with half of what follows is the same network: the loss nearby must be as much worse."""
    rises = []
    for scale in (1.0, 2.0):
        model = nn.Sequential(nn.Linear(4, 6, bias=False), nn.ReLU(), nn.Linear(6, 1, bias=False))
        weights = [torch.linspace(1, 2, p.numel()).reshape(p.shape) * 10 for p in model.parameters()]
        for parameter, weight, factor in zip(model.parameters(), weights, (scale, 1 / scale), strict=True):
            parameter.data = weight * factor
        before = model(torch.ones(2, 4)).mean()
        before.backward()
        with SharpnessAware(model, 0.1, adaptive=adaptive).worst_nearby(), torch.no_grad():
            rises.append((model(torch.ones(2, 4)).mean() - before).item())
    assert (rises[0] == pytest.approx(rises[1], rel=0.01)) is adaptive


def test_weights_and_running_statistics_come_back_to_the_bit_and_gradients_stay() -> None:
    network = small_network().train()
    network(IMAGES).square().mean().backward()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items() if "num_batches" not in name}
    with SharpnessAware(network, 10.0, adaptive=False).worst_nearby():
        assert not torch.equal(network[0].weight, before["0.weight"])
        network.zero_grad()
        network(IMAGES).square().mean().backward()
        inside = network[0].weight.grad.clone()
    after = network.state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
    assert torch.equal(network[0].weight.grad, inside)
    assert network[1].momentum == 0.1


def test_an_error_inside_leaves_the_weights_as_they_were(bowl: Bowl) -> None:
    weight = bowl.weight.detach().clone()
    with pytest.raises(RuntimeError), SharpnessAware(bowl, 0.5, adaptive=False).worst_nearby():
        raise RuntimeError
    assert torch.equal(bowl.weight, weight)


def test_without_any_gradient_nothing_moves(bowl: Bowl) -> None:
    bowl.weight.grad.zero_()
    bowl.bias.grad.zero_()
    before = bowl.weight.detach().clone()
    with SharpnessAware(bowl, 0.5, adaptive=False).worst_nearby():
        assert torch.equal(bowl.weight, before)
