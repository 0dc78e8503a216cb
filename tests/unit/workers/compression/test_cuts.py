"""A network that is cut in two computes what it did."""

import pytest
import torch
from torch import Tensor, nn

from tests.unit.workers.compression.networks import mixed_network
from tests.unit.workers.compression.small_networks import SHAPE, images, small_network
from tests.unit.workers.training.samples import stripes
from workers.compression.cuts import after, before, cuts_of
from workers.compression.flat import flat_graph
from workers.compression.network_cost import cost_of
from workers.compression.quantized import folded_graph


@pytest.mark.parametrize("network", [small_network(), mixed_network()], ids=["small", "mixed"])
def test_both_parts_together_are_the_network_at_every_cut(network: nn.Module) -> None:
    graph, batch = folded_graph(network, SHAPE), images(5)
    cuts = cuts_of(graph, batch[:1])
    assert len(cuts) >= 3
    features = before(graph, cuts)(batch)
    for cut, own in zip(cuts, features, strict=True):
        assert tuple(own.shape) == (5, *cut.shape)
        torch.testing.assert_close(after(graph, cut)(own), network(batch), rtol=1e-4, atol=1e-5)


def test_cuts_grow_in_cost_and_the_last_has_nearly_all() -> None:
    network = mixed_network()
    macs = [cut.macs for cut in cuts_of(folded_graph(network, SHAPE), images(1))]
    assert macs == sorted(set(macs))
    total = cost_of(network, stripes()).macs
    assert 0 < macs[0] < 0.5 * total
    assert 0.9 * total < macs[-1] <= total


def test_no_cut_lies_beside_a_sum() -> None:
    """What the residual adds is still to be read within its block."""
    names = [cut.node.name for cut in cuts_of(folded_graph(small_network(), SHAPE), images(1))]
    assert names == ["relu_", "add", "adaptive_avg_pool2d_1"]


class Reshaping(nn.Module):
    """Reads its batch size before the cut, and uses it behind."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.linear = nn.Conv2d(3, 4, 3, padding=1), nn.Linear(4 * 64, 5)

    def forward(self, x: Tensor) -> Tensor:
        count = x.size(0)
        return self.linear(self.conv(x).relu().view(count, -1))


def test_the_batch_size_is_read_off_whatever_is_there() -> None:
    network = Reshaping().eval()
    graph = flat_graph(network, SHAPE)
    (cut,) = cuts_of(graph, images(1))
    (features,) = before(graph, [cut])(images(6))
    torch.testing.assert_close(after(graph, cut)(features), network(images(6)))
