"""The step: heads learn beside a network that stays as it is, and as many images leave as the loss allows."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from nas_service.domain.compression.early_exit import EarlyExitOptions
from tests.unit.workers.compression.conftest import TRAINING, trainer
from tests.unit.workers.compression.networks import mixed_network
from tests.unit.workers.training.samples import stripes
from workers.compression import Workbench
from workers.compression.contract import Compressed
from workers.compression.cuts import cuts_of
from workers.compression.early_exit import early_exit
from workers.compression.exit_network import EarlyExit
from workers.compression.exit_places import leaving, spread
from workers.compression.exit_training import ExitHeads
from workers.compression.quantized import folded_graph
from workers.data import DataSet, MemorySplit, Split, evaluation_batches
from workers.profiling.harness import images_for

FAINT_SHARE = 4


def _half_faint(split: Split) -> MemorySplit:
    """One image in four hardly differs from grey."""
    assert isinstance(split, MemorySplit)
    pixels = split.images.float()
    pixels[::FAINT_SHARE] = 128 + (pixels[::FAINT_SHARE] - 128) * 0.1
    return MemorySplit(pixels.to(torch.uint8), split.labels)


@pytest.fixture(scope="module")
def data() -> DataSet:
    plain = stripes(240)
    return replace(plain, train=_half_faint(plain.train), validation=_half_faint(plain.validation))


@pytest.fixture(scope="module")
def bench(data: DataSet) -> Workbench:
    return Workbench(data, TRAINING, trainer(data))


@pytest.fixture(scope="module")
def network(bench: Workbench) -> nn.Module:
    return bench.train(mixed_network(), TRAINING)


@pytest.fixture(scope="module")
def made(network: nn.Module, bench: Workbench) -> Compressed:
    return early_exit(network, EarlyExitOptions(max_loss=4, positions=2, epochs=8), bench)


def exit_of(made: Compressed) -> EarlyExit:
    assert isinstance(made.network, EarlyExit)
    return made.network


@torch.no_grad()
def test_images_leave_at_no_more_than_the_loss_allowed(network: nn.Module, made: Compressed, data: DataSet) -> None:
    images, labels = next(evaluation_batches(data, data.validation, len(data.validation)))
    leaves, early, late = leaving(exit_of(made), images), made.network(images), network(images)
    assert leaves.mean() == pytest.approx(made.facts["exit_share"])
    assert 0.2 < leaves.mean() < 1
    torch.testing.assert_close(early[~leaves], late[~leaves], rtol=1e-4, atol=1e-4)
    lost = (early.argmax(1) != labels) & (late.argmax(1) == labels)
    assert lost.float().mean() <= 0.04
    assert leaves[::FAINT_SHARE].mean() < leaves.mean()


def test_the_network_that_was_given_is_left_as_it_is(network: nn.Module, bench: Workbench) -> None:
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    early_exit(network, EarlyExitOptions(positions=1, epochs=1), bench)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_the_pixels_by_which_networks_are_timed_do_not_leave(made: Compressed, data: DataSet) -> None:
    class Shape:
        image_shape = (data.channels, data.height, data.width)

    pixels = torch.from_numpy(images_for(Shape(), 1))
    assert not leaving(exit_of(made), (pixels - 0.5) / 0.25).any()
    assert made.facts["latency_ms_is_of"] == "an image that does not leave early"


def test_facts_say_what_is_saved(made: Compressed) -> None:
    facts = made.facts
    assert 0 < facts["expected_macs_ratio"] < 1
    assert facts["timed_images"] == 60
    low, high = sorted([facts["exit_latency_ratio"], facts["whole_latency_ratio"]])
    assert low <= facts["expected_latency_ratio"] <= high


def test_where_no_image_may_leave_the_network_stays_without_exit(network: nn.Module, bench: Workbench) -> None:
    made = early_exit(network, EarlyExitOptions(max_loss=1e-9, positions=1, epochs=1), bench)
    assert made.network is network
    assert made.files == {}
    assert (made.facts["exit_after"], made.facts["exit_share"]) == (None, 0)


def test_the_steps_result_is_the_same_again(network: nn.Module, bench: Workbench) -> None:
    options = EarlyExitOptions(max_loss=4, positions=1, epochs=1)
    first, second = (early_exit(network, options, bench) for _ in range(2))
    assert first.files == second.files


def test_heads_learn_while_the_network_keeps_even_its_statistics(data: DataSet) -> None:
    graph = folded_graph(mixed_network(), (3, 8, 8))
    heads = ExitHeads(graph, spread(cuts_of(graph, torch.zeros(1, 3, 8, 8)), 2), 3).train()
    assert not any(module.training for module in heads.trunk.modules())
    assert all(module.training for module in heads.heads.modules())
    assert {name.split(".")[0] for name, p in heads.named_parameters() if p.requires_grad} == {"heads"}
    images, _ = next(evaluation_batches(data, data.validation, 5))
    assert [tuple(logits.shape) for logits in heads.logits(images)] == [(5, 3)] * 2


def test_places_are_spread_over_the_multiplications(network: nn.Module) -> None:
    cuts = cuts_of(folded_graph(network, (3, 8, 8)), torch.zeros(1, 3, 8, 8))
    chosen = [cut.macs / cuts[-1].macs for cut in spread(cuts, 2)]
    assert chosen == sorted(chosen)
    assert np.abs(np.array(chosen) - [1 / 3, 2 / 3]).max() < 0.15
    assert spread(cuts, 16) == [cut for cut in cuts if cut in spread(cuts, 16)]
