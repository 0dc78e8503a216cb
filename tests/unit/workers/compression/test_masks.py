"""Masks hide exactly what they say, and never give back what was hidden."""

import pytest
import torch
from torch import nn

from tests.unit.workers.compression.networks import mixed_network
from workers.compression.masks import apply_masks, magnitude_masks, pattern_masks, prunable

WEIGHTS = {
    "small": torch.linspace(-1, 1, 40).view(5, 8),
    "large": 10 * torch.rand(6, 8, 3, 3, generator=torch.Generator().manual_seed(0)) + 5,
}


def test_the_smallest_weights_of_the_whole_network_go() -> None:
    masks = magnitude_masks(WEIGHTS, 0.05, "global")
    hidden = {name: int((~mask).sum()) for name, mask in masks.items()}
    assert hidden == {"small": round(0.05 * (40 + 432)), "large": 0}
    kept, gone = WEIGHTS["small"].abs()[masks["small"]], WEIGHTS["small"].abs()[~masks["small"]]
    assert kept.min() >= gone.max()


def test_by_layer_each_has_the_same_share_of_zeros() -> None:
    masks = magnitude_masks(WEIGHTS, 0.25, "layer")
    assert [int((~mask).sum()) for mask in masks.values()] == [10, 108]


def test_a_sparser_mask_contains_the_zeros_of_the_one_before() -> None:
    weights = {"w": torch.randn(30, 30, generator=torch.Generator().manual_seed(1))}
    first = magnitude_masks(weights, 0.3, "global")
    weights["w"] = torch.randn(30, 30, generator=torch.Generator().manual_seed(2)) * first["w"]
    second = magnitude_masks(weights, 0.6, "global")
    assert int((~second["w"]).sum()) == 540
    assert not (second["w"] & ~first["w"]).any()


@pytest.mark.parametrize(("kept", "of"), [(2, 4), (1, 4), (4, 8)])
def test_a_pattern_keeps_the_largest_of_every_group_of_input_channels(kept: int, of: int) -> None:
    for name, mask in pattern_masks(WEIGHTS, kept, of).items():
        groups = mask.movedim(1, -1).reshape(-1, of)
        assert (groups.sum(1) == kept).all()
        sizes = WEIGHTS[name].abs().movedim(1, -1).reshape(-1, of)
        smallest_kept = sizes.masked_fill(~groups, torch.inf).min(1).values
        assert (smallest_kept >= sizes.masked_fill(groups, -torch.inf).max(1).values).all()


def test_a_share_of_the_groups_has_the_pattern_first_where_it_costs_least() -> None:
    weights = {"w": torch.tensor([[1.0, 1, 9, 9, 5, 5, 9, 9]])}
    assert pattern_masks(weights, 2, 4, 0.5)["w"].tolist() == [[False, False, True, True, True, True, True, True]]


def test_layers_whose_inputs_do_not_divide_stay_dense() -> None:
    assert pattern_masks({"w": torch.ones(4, 6)}, 2, 4) == {}


def test_depthwise_kernels_norms_and_biases_are_not_pruned() -> None:
    network = mixed_network()
    layers = dict(network.named_modules())
    for name in prunable(network):
        layer = layers[name.removesuffix(".weight")]
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        assert not (isinstance(layer, nn.Conv2d) and layer.groups > 1)


def test_masks_make_zeros_and_nothing_else() -> None:
    network = nn.Linear(8, 4)
    before = network.weight.detach().clone()
    mask = torch.rand(4, 8) > 0.5
    apply_masks(network, {"weight": mask})
    assert torch.equal(network.weight, before * mask)
