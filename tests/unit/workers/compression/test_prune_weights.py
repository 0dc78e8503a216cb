"""Gradual pruning reaches its sparsity on schedule, whatever keeps the weights moving."""

from dataclasses import replace
from functools import partial

import pytest
import torch

from nas_service.domain.compression.prune_weights import PruneWeightsOptions
from tests.unit.workers.compression.conftest import TRAINING
from tests.unit.workers.training.samples import small_network, stripes
from workers.compression import Workbench
from workers.compression.masked_loop import RampedLoop
from workers.compression.masks import prunable
from workers.compression.prune_weights import _masks_at, prune_weights
from workers.compression.sparse_training import train_sparsely
from workers.interrupted import Interrupted
from workers.training import Checkpoint, Progress, RunSettings, TrainingHooks


def _zeros(network: torch.nn.Module) -> int:
    return sum(int((p == 0).sum()) for p in prunable(network).values())


def test_the_sparsity_rises_by_the_cubic_of_zhu_and_gupta() -> None:
    weights = {"w": torch.rand(100, 100)}
    options = PruneWeightsOptions(sparsity=0.8)
    shares = [1 - _masks_at(weights, t, options)["w"].float().mean().item() for t in (0.0, 0.25, 0.5, 1.0)]
    assert shares == pytest.approx([0.0, 0.8 * (1 - 0.75**3), 0.8 * (1 - 0.5**3), 0.8], abs=1e-4)


@pytest.mark.parametrize(
    "training",
    [{}, {"ema_decay": 0.9}, {"swa_fraction": 0.5}, {"sam_rho": 0.05, "gradient_clip": 1.0}, {"target_accuracy": 0.01}],
)
def test_it_ends_with_exactly_so_many_zeros(workbench: Workbench, training: dict[str, float]) -> None:
    """Momentum, weight decay, averages and SAM's second pass move nothing that is hidden."""
    bench = replace(workbench, training=TRAINING.model_copy(update=training))
    made = prune_weights(small_network().eval(), PruneWeightsOptions(sparsity=0.75, interval=1), bench)
    total = sum(p.numel() for p in prunable(made.network).values())
    assert _zeros(made.network) == round(0.75 * total)
    assert made.facts["deflated_share"] < 0.7
    assert "latency_ratio" not in made.facts


def test_every_four_inputs_have_two_zeros(workbench: Workbench) -> None:
    made = prune_weights(small_network().eval(), PruneWeightsOptions(pattern="2:4", interval=1), workbench)
    checked = 0
    for weight in prunable(made.network).values():
        if weight.shape[1] % 4 == 0:
            assert (weight.movedim(1, -1).reshape(-1, 4).count_nonzero(1) <= 2).all()
            checked += 1
    assert checked == 2
    assert "skipped" in made.facts["cuda"] or made.facts["cuda"]["layers"] > 0


def test_without_epochs_it_prunes_at_once_and_leaves_its_argument(workbench: Workbench) -> None:
    network = small_network().eval()
    made = prune_weights(network, PruneWeightsOptions(sparsity=0.5, epochs=0), workbench)
    mine, theirs = prunable(network), prunable(made.network)
    assert _zeros(network) == 0
    assert all(torch.equal(theirs[n][theirs[n] != 0], mine[n][theirs[n] != 0]) for n in mine)


def test_it_says_what_the_latency_did(workbench: Workbench) -> None:
    bench = replace(workbench, latency_ms=lambda network: 2.0 if _zeros(network) else 1.6)
    made = prune_weights(small_network().eval(), PruneWeightsOptions(epochs=0), bench)
    assert made.facts["latency_ratio"] == pytest.approx(1.25)


def test_an_interrupted_pruning_ends_with_the_same_bits() -> None:
    options = PruneWeightsOptions(sparsity=0.6, interval=3)
    saved: list[Checkpoint] = []

    def interrupt(progress: Progress) -> None:
        if progress.step == 7:
            raise Interrupted

    def loop(hooks: TrainingHooks) -> RampedLoop:
        made = partial(RampedLoop, masks_at=partial(_masks_at, options=options), ramp=0.7, interval=3)
        torch.manual_seed(0)
        return made(small_network(dropout=0.0), stripes(), TRAINING, hooks, RunSettings(0, device="cpu"))

    whole = loop(TrainingHooks()).run(None)
    with pytest.raises(Interrupted):
        loop(TrainingHooks(on_step=interrupt, save=saved.append)).run(None)
    resumed = loop(TrainingHooks()).run(saved[-1])
    assert all(torch.equal(tensor, resumed.weights[name]) for name, tensor in whole.weights.items())


def test_a_training_from_scratch_ends_with_its_share_of_zeros_wherever_it_was_interrupted() -> None:
    data, config = stripes(), TRAINING.model_copy(update={"target_accuracy": 0.01})
    whole = train_sparsely(small_network(), data, config, 0.6)
    saved: list[Checkpoint] = []

    def interrupt(progress: Progress) -> None:
        if progress.step == 7:
            raise Interrupted

    with pytest.raises(Interrupted):
        train_sparsely(small_network(), data, config, 0.6, hooks=TrainingHooks(on_step=interrupt, save=saved.append))
    resumed = train_sparsely(small_network(), data, config, 0.6, saved[-1])
    network = small_network()
    network.load_state_dict(resumed.weights)
    assert _zeros(network) == round(0.6 * sum(p.numel() for p in prunable(network).values()))
    assert all(torch.equal(tensor, whole.weights[name]) for name, tensor in resumed.weights.items())
