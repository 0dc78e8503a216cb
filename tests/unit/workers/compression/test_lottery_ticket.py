"""Tickets begin where the dense training was, to the bit, and compete with masks as sparse."""

from functools import partial

import pytest
import torch

from nas_service.domain.compression.lottery_ticket import LotteryTicketOptions
from nas_service.domain.errors import PermanentError
from tests.unit.workers.compression.conftest import TRAINING
from tests.unit.workers.training.samples import small_network, stripes
from workers.compression import Workbench
from workers.compression.lottery_ticket import fresh, lottery_ticket, shuffled
from workers.compression.masks import magnitude_masks, prunable
from workers.compression.rewinding import EarlyLoop, RewoundLoop
from workers.training import Checkpoint, RunSettings, TrainingHooks, train

RUN = RunSettings(0, device="cpu")


def _early() -> Checkpoint:
    kept: list[Checkpoint] = []
    network = small_network()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        loop = partial(EarlyLoop, epochs=2, keep=kept.append)
        result = loop(network, stripes(), TRAINING, TrainingHooks(), RUN).run(None)
    assert len(result.curve) == 2
    return kept[0]


def test_a_training_goes_on_from_its_beginning_as_if_it_had_never_stopped() -> None:
    """Weights, momentum, dropout, order of images and learning rates: all bits at the end are the same."""
    whole = train(small_network(), stripes(), TRAINING, run=RUN)
    rewound = RewoundLoop(
        small_network(), stripes(), TRAINING, TrainingHooks(), RUN, begin=_early(), masks={}, name="dense"
    ).run(None)
    assert all(torch.equal(tensor, rewound.weights[name]) for name, tensor in whole.weights.items())


def test_a_ticket_begins_with_the_rewound_weights_and_its_zeros() -> None:
    begin = _early()
    masks = magnitude_masks(prunable(small_network()), 0.7, "layer")
    loop = RewoundLoop(small_network(), stripes(), TRAINING, TrainingHooks(), RUN, begin=begin, masks=masks, name="one")
    for name, weight in loop.state.model.named_parameters():
        expected = begin.part("model")[name] * masks.get(name, torch.tensor(True))
        assert torch.equal(weight, expected)
    result = loop.run(None)
    assert all(not result.weights[name][~mask].any() for name, mask in masks.items())


def test_a_random_mask_hides_as_much_of_each_layer() -> None:
    masks = magnitude_masks(prunable(small_network()), 0.7, "global")
    others = shuffled(masks, 0)
    assert {n: int(m.sum()) for n, m in masks.items()} == {n: int(m.sum()) for n, m in others.items()}
    assert any(not torch.equal(masks[name], others[name]) for name in masks)


def test_it_begins_anew_with_weights_that_follow_from_the_seed() -> None:
    network = small_network()
    first, again, other = (fresh(network, seed) for seed in (1, 1, 2))
    assert torch.equal(first[0].weight, again[0].weight)
    assert not torch.equal(first[0].weight, other[0].weight)
    assert not torch.equal(first[0].weight, network[0].weight)


def test_a_beginning_that_is_the_whole_training_is_refused(workbench: Workbench) -> None:
    with pytest.raises(PermanentError, match="rewind_epochs"):
        lottery_ticket(small_network().eval(), LotteryTicketOptions(rewind_epochs=4), workbench)


def test_the_ticket_is_compared_with_the_dense_network_and_a_random_mask(workbench: Workbench) -> None:
    made = lottery_ticket(small_network().eval(), LotteryTicketOptions(sparsity=0.75, rounds=2), workbench)
    weights = prunable(made.network).values()
    assert sum(int((w == 0).sum()) for w in weights) == round(0.75 * sum(w.numel() for w in weights))
    assert made.facts["trainings"] == 4
    assert {"dense_accuracy", "ticket_accuracy", "random_accuracy"} < made.facts.keys()
