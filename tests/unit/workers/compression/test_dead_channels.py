"""Channels that say nothing go, and what the network computes stays what it was."""

import copy

import pytest
import torch
from torch import nn

from tests.unit.workers.compression.small_networks import SHAPE, SmallNetwork, images, small_network
from workers.compression.dead_channels import dead_channels
from workers.compression.flat import flat_graph
from workers.compression.remove_channels import remove_dead_channels


def silence(conv: nn.Conv2d, *channels: int) -> None:
    """Zero weights: the channel gives the same number everywhere."""
    with torch.no_grad():
        conv.weight[list(channels)] = 0


def mute(norm: nn.BatchNorm2d, *channels: int) -> None:
    """That number is zero."""
    with torch.no_grad():
        norm.weight[list(channels)] = 0
        norm.bias[list(channels)] = 0


@torch.no_grad()
def removed_from(network: SmallNetwork, divisor: int = 1) -> SmallNetwork:
    """What is left, whose outputs are those from before."""
    left = copy.deepcopy(network)
    remove_dead_channels(left, SHAPE, divisor)
    torch.testing.assert_close(left(images()), network(images()), atol=1e-6, rtol=1e-5)
    return left


def test_a_flat_graph_computes_what_its_network_does() -> None:
    network = small_network()
    graph = flat_graph(copy.deepcopy(network), SHAPE)
    assert torch.equal(graph(images(3)), network(images(3)))


def test_a_network_without_dead_channels_stays_as_it_is() -> None:
    network = small_network()
    assert {n: t.shape for n, t in removed_from(network).state_dict().items()} == {
        n: t.shape for n, t in network.state_dict().items()
    }


def test_a_dead_input_of_a_linear_layer_is_folded_into_its_bias() -> None:
    network = small_network()
    silence(network.head.conv, 2, 5)
    left = removed_from(network)
    assert left.linear.weight.shape == (5, 14)
    assert not torch.equal(left.linear.bias, network.linear.bias), "the batch norm's constants are in it"


def test_a_constant_that_a_padded_convolution_reads_stays() -> None:
    network = small_network()
    silence(network.stem.conv, 1)
    silence(network.project.conv, 1)
    assert removed_from(network).head.conv.in_channels == 8, "at the border it is not constant"


def test_a_channel_of_a_residual_sum_goes_only_with_all_its_terms() -> None:
    network = small_network()
    silence(network.stem.conv, 1, 2)
    mute(network.stem.bn, 1, 2)
    silence(network.project.conv, 2)
    mute(network.project.bn, 2)
    left = removed_from(network)
    assert left.stem.conv.out_channels == left.project.conv.out_channels == left.head.conv.in_channels == 7


def test_a_dead_depthwise_channel_takes_what_feeds_it_along() -> None:
    network = small_network()
    silence(network.depthwise.conv, 3, 4)
    mute(network.depthwise.bn, 3, 4)
    left = removed_from(network)
    assert left.expand.conv.out_channels == 10
    assert left.depthwise.conv.groups == left.depthwise.conv.in_channels == 10
    assert (left.se.reduce.in_channels, left.se.expand.out_channels, left.project.conv.in_channels) == (10, 10, 10)


def test_a_constant_behind_an_attention_gate_is_none() -> None:
    network = small_network()
    silence(network.depthwise.conv, 3)
    with torch.no_grad():
        network.depthwise.bn.bias[3] = 5.0
    assert removed_from(network).project.conv.in_channels == 12


def test_a_channel_that_nobody_reads_goes() -> None:
    network = small_network()
    with torch.no_grad():
        network.linear.weight[:, 7] = 0
    assert removed_from(network).head.conv.out_channels == 15


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("divisor", [1, 4])
def test_whatever_dies_the_outputs_stay(seed: int, divisor: int) -> None:
    network = small_network(seed)
    for module in list(network.modules()):
        if isinstance(module, nn.Conv2d):
            dead = torch.rand(module.out_channels) < 0.6
            silence(module, *dead.nonzero().flatten().tolist())
        elif isinstance(module, nn.BatchNorm2d):
            muted = torch.rand(module.num_features) < 0.6
            mute(module, *muted.nonzero().flatten().tolist())
    left = removed_from(network, divisor)
    assert sum(p.numel() for p in left.parameters()) < sum(p.numel() for p in network.parameters())
    convolutions = [module.out_channels for module in left.modules() if isinstance(module, nn.Conv2d)]
    before = [module.out_channels for module in network.modules() if isinstance(module, nn.Conv2d)]
    assert all(now % divisor == 0 or now == most for now, most in zip(convolutions, before, strict=True))


def test_a_layer_keeps_a_channel_though_all_are_dead() -> None:
    network = small_network()
    silence(network.expand.conv, *range(12))
    mute(network.expand.bn, *range(12))
    silence(network.depthwise.conv, *range(12))
    mute(network.depthwise.bn, *range(12))
    assert removed_from(network).expand.conv.out_channels == 1


@pytest.mark.parametrize(("dead", "left"), [(3, 12), (4, 8), (7, 8), (9, 4), (12, 4)])
def test_as_many_dead_channels_stay_as_a_multiple_wants(dead: int, left: int) -> None:
    network = small_network()
    silence(network.depthwise.conv, *range(dead))
    mute(network.depthwise.bn, *range(dead))
    assert removed_from(network, divisor=4).expand.conv.out_channels == left


def test_a_layer_that_is_called_twice_is_left_alone() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.last = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 2, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.last(self.conv(self.conv(x))).mean((2, 3))

    network = Twice().eval()
    silence(network.conv, 0)
    found = dead_channels(flat_graph(network, SHAPE))
    assert network.conv not in found.outputs
    assert found.kept_inputs(network.last).all()
