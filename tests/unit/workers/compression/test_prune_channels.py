"""A pruned network is dense, smaller, and computes what the masked one does."""

from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from nas_service.domain.compression.prune_channels import PruneChannelsOptions
from nas_service.domain.errors import PermanentError
from search_spaces import get
from tests.unit.workers.compression.networks import IMAGES, INPUT, architecture, mixed_network
from workers.compression import Workbench
from workers.compression.channel_groups import channels_of
from workers.compression.channel_importance import NORMS, importance_of, scores_of
from workers.compression.channel_selection import NothingLeftError, select
from workers.compression.network_cost import cost_of
from workers.compression.prune_channels import divisor_for, prune_channels, pruned_to_macs
from workers.data import Epoch, train_batches
from workers.export import export_onnx
from workers.export.files import subject_of

SMALL = {"divisor": 4, "rounds": 2, "epochs": 2}


def test_macs_by_layer_are_those_of_the_plan() -> None:
    cost = get("mobilenet", preset="tiny").cost([architecture()], INPUT)
    assert sum(channels_of(mixed_network(), IMAGES[:1]).macs.values()) == cost.macs[0]


def test_the_smaller_network_computes_what_the_masked_one_does() -> None:
    """Channels that a batch norm makes zero, removed from every group at once: SE gates and residual sums included."""
    masked = mixed_network()
    pruned = deepcopy(masked)
    for group in channels_of(masked, IMAGES[:1]).groups:
        for layer, own, _ in group.makers:
            if (
                isinstance(layer, NORMS)
                or isinstance(layer, nn.Conv2d)
                and layer.bias is not None
                and len(own) == group.channels
            ):
                layer.weight.data[list(own[:4])] = layer.bias.data[list(own[:4])] = 0.0
    for group in channels_of(pruned, IMAGES[:1]).groups:
        group.prune(range(4))
    assert sum(p.numel() for p in pruned.parameters()) < 0.7 * sum(p.numel() for p in masked.parameters())
    torch.testing.assert_close(pruned(IMAGES), masked(IMAGES), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("importance", ["taylor", "bn-scale", "l1"])
def test_it_reaches_the_share_of_macs_in_blocks(workbench: Workbench, importance: str) -> None:
    network = mixed_network()
    before = deepcopy(network.state_dict())
    options = PruneChannelsOptions(importance=importance, macs_share=0.5, **SMALL)
    made = prune_channels(network, options, workbench)
    whole, left = cost_of(network, workbench.data), cost_of(made.network, workbench.data)
    assert 0.35 * whole.macs < left.macs <= 0.5 * whole.macs
    assert made.facts["macs"] == left.macs
    assert all(width % 4 == 0 for width in made.facts["channels"].values())
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_a_pruned_network_is_exported_by_the_normal_exporter(workbench: Workbench, tmp_path: Path) -> None:
    options = PruneChannelsOptions(macs_share=0.6, **SMALL)
    made = prune_channels(mixed_network(), options, workbench)
    subject = subject_of(made.network, workbench.data, "mobilenet", "pruned")
    export_onnx(subject.network, subject.facts, subject.images(), tmp_path / "model.onnx")


def test_taylor_is_the_squared_change_of_the_loss_to_first_order(workbench: Workbench) -> None:
    """For a norm it is (g dL/dg + b dL/db)^2, here by a difference in the direction of that channel's zero."""
    network = mixed_network().double()
    images, labels = next(train_batches(workbench.data, 16, Epoch(0, 0)))
    norm = next(m for m in network.modules() if isinstance(m, nn.BatchNorm2d))
    scores = scores_of(network, "taylor", [(images.double(), labels)])[norm]

    def loss(scale: float) -> torch.Tensor:
        other = deepcopy(network)
        own = next(m for m in other.modules() if isinstance(m, nn.BatchNorm2d))
        own.weight.data[2] *= scale
        own.bias.data[2] *= scale
        return nn.functional.cross_entropy(other(images.double()), labels)

    slope = (loss(1 + 1e-5) - loss(1 - 1e-5)) / 2e-5
    assert scores[2].item() == pytest.approx(slope.item() ** 2, rel=1e-3)


def test_a_channel_that_nobody_listens_to_goes_first(workbench: Workbench) -> None:
    network = mixed_network()
    group = max(channels_of(network, IMAGES[:1]).groups, key=lambda g: g.channels)
    for taker in group.takers:
        taker.weight.data[:, 5] = 0.0
    scores = scores_of(network, "taylor", train_batches(workbench.data, 16, Epoch(0, 0)))
    assert importance_of(group, scores, "taylor", {}).argmin() == 5


def test_a_choice_loses_the_least_importance_for_what_it_saves() -> None:
    """Two groups alike but for their importances: the cheap one is emptied to its last block first."""
    network = nn.Sequential(
        nn.Conv2d(3, 8, 1),
        nn.ReLU(),
        nn.Conv2d(8, 8, 1),
        nn.ReLU(),
        nn.Conv2d(8, 3, 1),
        nn.Flatten(),
        nn.Linear(192, 3),
    )
    channels = channels_of(network, IMAGES[:1])
    first = next(i for i, g in enumerate(channels.groups) if g.makers[0][0] is network[0])
    worth = [torch.arange(1.0, 9.0) * (1 if i == first else 1000) for i in range(len(channels.groups))]
    removed = select(channels, worth, sum(channels.macs.values()) * 0.7, 2)
    assert removed[first] == [0, 1, 2, 3]
    assert all(not gone for i, gone in enumerate(removed) if i != first)


def test_what_cannot_be_pruned_so_far_is_refused(workbench: Workbench) -> None:
    with pytest.raises(NothingLeftError, match="raise macs_share"):
        pruned_to_macs(mixed_network(), 10.0, PruneChannelsOptions(), workbench)


def test_a_share_that_no_channels_reach_is_refused_before_anything_is_trained(workbench: Workbench) -> None:
    def train(*_: object) -> nn.Module:
        raise AssertionError("trained")

    with pytest.raises(NothingLeftError, match="one block of 16 channels"):
        prune_channels(
            mixed_network(), PruneChannelsOptions(macs_share=0.1, divisor=16), replace(workbench, train=train)
        )


@pytest.mark.parametrize(("share", "divisor"), [(0.99, 16), (0.5, 8), (0.1, 4)])
def test_by_default_channels_stay_in_the_largest_blocks_that_reach_the_share(
    workbench: Workbench, share: float, divisor: int
) -> None:
    assert divisor_for(mixed_network(), PruneChannelsOptions(macs_share=share), workbench) == divisor


def test_it_meets_a_latency(workbench: Workbench) -> None:
    """Here a millisecond is a million multiply-accumulates, and half a millisecond for the call."""
    network = mixed_network()

    def latency_ms(net: nn.Module) -> float:
        return 0.5 + cost_of(net, workbench.data).macs / 1e6

    budget_ms = 0.5 + 0.6 * cost_of(network, workbench.data).macs / 1e6
    options = PruneChannelsOptions(latency_ms=budget_ms, importance="l1", divisor=4, rounds=2, epochs=0)
    made = prune_channels(network, options, replace(workbench, latency_ms=latency_ms))
    assert 0.5 + 0.8 * (budget_ms - 0.5) < latency_ms(made.network) <= budget_ms
    with pytest.raises(NothingLeftError, match="latency_ms"):
        prune_channels(
            network, options.model_copy(update={"latency_ms": 0.5}), replace(workbench, latency_ms=latency_ms)
        )
    with pytest.raises(PermanentError, match="latency_ms needs a target"):
        prune_channels(network, options, workbench)
