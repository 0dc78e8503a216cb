"""Weight sharing: a subnet computes what its extracted network computes, for every architecture of every space."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from search_spaces import Architecture, NetworkInput, SearchSpace, SpaceError, build, get
from search_spaces.supernet import Supernet, covering, extremes, largest_blocks, slots_of

IMAGES = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))


@cache
def trained(name: str, preset: str) -> Supernet:
    """As after a training: the matrices that cut kernels down are no longer the identity."""
    torch.manual_seed(0)
    supernet = Supernet(get(name, preset), NetworkInput(channels=3, class_count=7))
    for step in supernet.kernel_steps.values():
        torch.nn.init.normal_(step, mean=0.1, std=0.1)
    return supernet


@pytest.fixture
def supernet(space: SearchSpace) -> Supernet:
    """Made once a space; no test changes its weights."""
    supernet = trained(space.name, space.preset)
    supernet.zero_grad()
    return supernet


def largest_difference(one: Tensor, other: Tensor) -> float:
    return (one - other).detach().abs().max().item()


def test_a_subnet_computes_what_its_extracted_network_computes(
    supernet: Supernet, architectures: list[Architecture]
) -> None:
    for architecture in architectures[:2]:
        subnet, extracted = supernet.subnet(architecture), supernet.extract(architecture)
        first = subnet(IMAGES)
        assert largest_difference(first, extracted(IMAGES)) < 1e-5
        supernet.subnet(architectures[2])(IMAGES)
        assert torch.equal(subnet(IMAGES), first)


def test_every_architecture_finds_all_its_weights(supernet: Supernet, network_input: NetworkInput) -> None:
    for architecture in supernet.space.sample(np.random.default_rng(1), 8):
        weights = supernet.weights(supernet.space.plan(architecture, network_input))
        with torch.device("meta"):
            network = build(supernet.space, architecture, network_input)
        assert {n: w.shape for n, w in weights.items()} == {n: p.shape for n, p in network.named_parameters()}


def test_the_covering_architectures_reach_what_any_sample_has(space: SearchSpace, network_input: NetworkInput) -> None:
    largest = largest_blocks([space.plan(a, network_input) for a in covering(space)])
    for architecture in space.sample(np.random.default_rng(2), 100):
        plan = space.plan(architecture, network_input)
        for slot, block in zip(slots_of(plan), plan.blocks, strict=True):
            for name in ("in_channels", "mid_channels", "out_channels", "kernel", "se_channels"):
                assert getattr(block, name) <= getattr(largest[slot], name)


def test_gradients_reach_the_slots_of_the_architecture_and_no_others(
    supernet: Supernet, architectures: list[Architecture]
) -> None:
    architecture = architectures[0]
    supernet.subnet(architecture)(IMAGES).square().sum().backward()
    reached = {name.split(".")[1] for name, p in supernet.named_parameters() if name.startswith("slots") and _moved(p)}
    plan = supernet.space.plan(architecture, supernet.network_input)
    with_weights = {str(slot) for slot, block in zip(slots_of(plan), plan.blocks, strict=True) if block.params}
    assert reached == with_weights


def _moved(parameter: torch.nn.Parameter) -> bool:
    return parameter.grad is not None and bool(parameter.grad.any())


def test_a_smaller_kernel_is_the_centre_of_the_larger_one_at_first(network_input: NetworkInput) -> None:
    space = get("mobilenet", "small", {"stage1_kind": ["separable"], "stage1_kernel": [3, 7]})
    supernet = Supernet(space, network_input)
    for architecture in space.sample(np.random.default_rng(3), 10):
        plan = space.plan(architecture, network_input)
        (weight,) = [
            w for n, w in supernet.weights(plan).items() if n.startswith("blocks.1.") and "depthwise.conv" in n
        ]
        whole = dict(supernet.slots["0-0-separable"].named_parameters())["depthwise.conv.weight"]
        cut = (whole.shape[-1] - weight.shape[-1]) // 2
        centre = whole[: len(weight), :, cut : 7 - cut, cut : 7 - cut]
        assert torch.equal(weight, centre)


def test_extremes_fix_what_has_an_order_and_draw_the_rest(space: SearchSpace, network_input: NetworkInput) -> None:
    rng = np.random.default_rng(0)
    macs = {
        largest: space.cost(extremes(space, rng, 20, largest=largest), network_input).macs for largest in (True, False)
    }
    assert macs[False].max() < macs[True].min()


def test_a_supernet_is_deterministic_by_seed(network_input: NetworkInput) -> None:
    states = []
    for _ in range(2):
        torch.manual_seed(7)
        states.append(Supernet(get("mobilenet", "tiny"), network_input).state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_a_space_with_its_own_networks_is_refused(monkeypatch: pytest.MonkeyPatch, network_input: NetworkInput) -> None:
    monkeypatch.setenv("NAS_SPACE_PATH", str(Path(__file__).parents[2] / "support" / "spaces"))
    with pytest.raises(SpaceError, match="train from scratch"):
        Supernet(get("fragile", "tiny"), network_input)
