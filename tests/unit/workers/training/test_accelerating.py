"""What makes trainings cheaper: smaller images first, layers that stay as they are, an end when it is enough."""

import pytest
import torch
from torch import nn

from nas_service.domain.spec import TrainingSpec
from search_spaces import NetworkInput, build, get
from tests.unit.workers.training.samples import CLASSES, small_network, stripes
from workers.training import EpochMetrics, Progress, RunSettings, TrainingHooks, train
from workers.training.freezing import Freezing
from workers.training.loop import TrainingLoop
from workers.training.resizing import Resizing
from workers.training.stopping import is_enough

FP32 = TrainingSpec(epochs=4, batch_size=16, precision="fp32")


def states_of(config: TrainingSpec) -> list[dict[str, torch.Tensor]]:
    """The network's state after every step."""
    states = []
    loop = TrainingLoop(
        small_network(),
        stripes(),
        config,
        TrainingHooks(
            on_step=lambda _: states.append({n: t.clone() for n, t in loop.state.model.state_dict().items()})
        ),
        RunSettings(device="cpu"),
    )
    loop.run(None)
    return states


def test_frozen_layers_keep_their_bits_and_all_others_are_trained_on() -> None:
    states = states_of(FP32.model_copy(update={"freeze_layers": 0.6, "freeze_from": 0.5, "weight_decay": 0.1}))
    frozen = ("0.", "1.", "3.", "4.")  # of seven layers with weights the first four
    for name, at_half in states[5].items():
        if name.startswith(frozen):
            assert all(torch.equal(state[name], at_half) for state in states[6:]), name
        elif name.endswith("weight"):
            assert not torch.equal(states[-1][name], at_half), name
    assert not torch.equal(states[5]["0.weight"], states[4]["0.weight"])


def test_no_gradient_passes_through_frozen_layers() -> None:
    network = small_network()
    freezing = Freezing(network, FP32.model_copy(update={"freeze_layers": 0.6}), total_steps=10)
    freezing.apply(4)
    assert all(p.requires_grad for p in network.parameters())
    freezing.apply(5)
    assert not network[:6](torch.rand(2, 3, 8, 8)).requires_grad
    network.train()
    freezing.apply(6)
    assert (network[1].training, network[7].training) == (False, True)


def test_images_grow_to_full_size_by_the_last_third() -> None:
    config = TrainingSpec(epochs=9, begin_size=0.5)
    resizing = Resizing(nn.Identity(), (32, 28), config)
    sizes = [resizing.size(epoch) for epoch in range(9)]
    assert sizes[0] == (16, 16)
    assert sizes == sorted(sizes)
    assert sizes[6:] == [(32, 28)] * 3
    assert all(side % 4 == 0 for size in sizes for side in size)
    images = torch.rand(2, 3, 32, 28)
    with resizing.during(0):
        assert resizing(images).shape[-2:] == (16, 16)
        torch.testing.assert_close(resizing(images).mean(), images.mean(), rtol=0.02, atol=0)
    assert resizing(images) is images


def test_a_network_that_resizes_its_images_itself_computes_on_small_ones_and_is_deployed_on_full_ones() -> None:
    space = get("mobilenet", "tiny")
    values = {choice.name: choice.options[0] for choice in space.choices} | {"resolution": 12}
    network = build(space, space.canonical(values), NetworkInput(3, CLASSES))
    seen = []
    network.blocks[0].register_forward_hook(lambda module, taken, _: seen.append((module.training, taken[0].shape[-1])))
    config = FP32.model_copy(update={"begin_size": 0.5, "epochs": 3})
    loop = TrainingLoop(network, stripes(), config, TrainingHooks(), RunSettings(device="cpu"))
    loop.run(None)
    trained_on = [side for training, side in seen if training]
    assert trained_on == [8] * 3 + [12] * 6
    assert {side for training, side in seen if not training} == {12}


def points(*accuracies: float) -> list[EpochMetrics]:
    return [EpochMetrics(epoch, 1.0, 1.0, accuracy, 1.0) for epoch, accuracy in enumerate(accuracies)]


@pytest.mark.parametrize(
    ("curve", "settings", "expected"),
    [
        ([], {"patience": 1, "target_accuracy": 0.1}, False),
        ([0.5, 0.6, 0.6, 0.6], {"patience": 2}, True),
        ([0.5, 0.6, 0.6, 0.61], {"patience": 2}, False),
        ([0.5, 0.6, 0.6], {"patience": 2}, False),
        ([0.9, 0.1, 0.1, 0.1], {"patience": 0}, False),
        ([0.9], {"target_accuracy": 0.9}, True),
        ([0.95, 0.8], {"target_accuracy": 0.9}, False),
    ],
)
def test_it_is_enough_at_the_target_or_when_patience_is_out(curve, settings, expected) -> None:
    assert is_enough(points(*curve), TrainingSpec(**settings)) is expected


def test_a_training_ends_when_it_is_enough_and_says_how_far_it_came() -> None:
    steps: list[Progress] = []
    config = FP32.model_copy(update={"epochs": 30, "target_accuracy": 0.6})
    hooks, run = TrainingHooks(on_step=steps.append), RunSettings(device="cpu")
    result = train(small_network(), stripes(), config, hooks=hooks, run=run)
    assert result.validation_accuracy >= 0.6
    assert all(point["validation_accuracy"] < 0.6 for point in result.curve[:-1])
    assert result.epochs == len(result.curve) < 30
    assert result.steps == len(steps) == 3 * result.epochs
