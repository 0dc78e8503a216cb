"""The quantizer of self-compressing networks, by the paper's formula and its gradients."""

import copy

import pytest
import torch
from torch import nn

from workers.compression.bit_depth import RATE, BitDepth, bit_depth_of, learn_bit_depths
from workers.compression.plain_layers import make_weights_plain


def quantizer(bits: float, exponent: float, channels: int = 1) -> BitDepth:
    """Of channels that all have this depth and exponent."""
    made = BitDepth(torch.ones(channels, 1), bits)
    with torch.no_grad():
        made.slow_ranges.fill_((exponent + bits - 1) / RATE)
    return made


@pytest.mark.parametrize(
    ("bits", "expected"),
    [
        (0, [0, 0, 0, 0, 0, 0]),
        (1, [-0.5, -0.5, -0.5, 0, 0, 0]),
        (2, [-1.0, -1.0, -0.5, 0.5, 0.5, 0.5]),
        (3, [-2.0, -1.0, -0.5, 0.5, 1.0, 1.5]),
        (8, [-9.0, -1.0, -0.5, 0.5, 1.0, 8.0]),
    ],
)
def test_weights_are_steps_of_the_exponent_within_the_bits(bits: float, expected: list[float]) -> None:
    weight = torch.tensor([[-9.1, -1.1, -0.4, 0.3, 1.2, 8.0]])
    assert quantizer(bits, -1)(weight).tolist() == [expected]


def test_a_bit_less_makes_steps_coarser_and_keeps_the_range() -> None:
    made = quantizer(4, -3)
    with torch.no_grad():
        made.slow_bits.sub_(1 / RATE)
    assert made.exponents.item() == pytest.approx(-2)


def test_inside_the_range_gradients_pass_straight_through_and_outside_none_do() -> None:
    weight = torch.tensor([[0.3, -5.0]], requires_grad=True)
    torch.autograd.backward(quantizer(3, -1)(weight).sum())
    assert weight.grad is not None
    assert weight.grad.tolist() == [[1.0, 0.0]]


def test_bits_cost_as_many_weights_as_are_not_dead() -> None:
    layer = nn.Conv2d(4, 3, 3)
    made = BitDepth(layer.weight, 5)
    made.live_inputs.fill_(2)
    made.live_outputs[0] = 0
    size = made.size_bits()
    assert size.item() == pytest.approx(5 * 2 * 2 * 9)
    torch.autograd.backward(size)
    assert made.slow_bits.grad is not None
    assert made.slow_bits.grad.tolist() == pytest.approx([0, 18 * RATE, 18 * RATE])


def test_eight_bits_hardly_change_a_layer_and_plain_weights_are_what_was_computed_with() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(8 * 36, 4))
    learning = copy.deepcopy(network)
    learn_bit_depths(learning, 8)
    x = torch.randn(2, 3, 8, 8)
    torch.testing.assert_close(learning(x), network(x), atol=0.05, rtol=0.05)
    plain = copy.deepcopy(learning)
    make_weights_plain(plain)
    assert torch.equal(plain(x), learning(x))
    assert bit_depth_of(plain[0]) is None
    assert bit_depth_of(learning[0]) is not None, "the copy it was made from is as it was"
