"""Training shared weights: every network of the space learns, and an interruption changes no bit of it."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from nas_service.domain.spec import DistillationSpec, SupernetSpec, TrainingSpec
from search_spaces import NetworkInput, get
from search_spaces.supernet import Supernet
from tests.unit.workers.training.samples import CLASSES, stripes
from workers.data import Epoch, train_batches
from workers.supernet import inherited_network, train_supernet
from workers.supernet.attention import POOL, rivals_of_first
from workers.supernet.loop import GRADIENT_NORM, SupernetLoop
from workers.supernet.sandwich import sandwich
from workers.training import (
    Checkpoint,
    CheckpointError,
    Interrupted,
    RunSettings,
    TrainingHooks,
    TrainingResult,
    evaluate,
)

CHOICES: dict[str, list[object]] = {
    "resolution": [8],
    "stages": [3],
    "width_multiplier": [0.5],
    "depth_multiplier": [1.0],
    "stem_width": [8, 12],
}
for stage in (1, 2, 3):
    CHOICES |= {f"stage{stage}_kind": ["inverted"], f"stage{stage}_activation": ["relu"]}
    CHOICES |= {f"stage{stage}_squeeze_excite": [False], f"stage{stage}_kernel": [3, 5]}
CHOICES["stage2_downsample"] = ["stride"]
SPACE = get("mobilenet", "tiny", CHOICES)
CONFIG = TrainingSpec(epochs=2, batch_size=16, ema_decay=0.9, augment=("crop",), precision="fp32")
RUN = RunSettings(seed=5, device="cpu")
ONE = SupernetSpec(sampled=1, largest_first=0, opening="at_once", attention="none")
SHRINKING = SupernetSpec(sampled=1, largest_first=0.4, opening="progressive")
ATTENTIVE = SupernetSpec(sampled=1, largest_first=0, opening="at_once", attention="worst")


def fresh() -> Supernet:
    torch.manual_seed(1)
    return Supernet(SPACE, NetworkInput(channels=3, class_count=CLASSES))


def trained(
    how: SupernetSpec = ONE, checkpoint: Checkpoint | None = None, hooks: TrainingHooks = TrainingHooks()
) -> TrainingResult:
    return train_supernet(fresh(), stripes(), CONFIG, how, checkpoint, hooks, RUN)


def test_networks_that_were_never_drawn_inherit_what_was_learned() -> None:
    data, supernet = stripes(192), fresh()
    config = TrainingSpec(epochs=15, batch_size=16, precision="fp32")
    result = train_supernet(supernet, data, config, ONE, run=RUN)
    untrained = list(SPACE.sample(np.random.default_rng(99), 6))
    before = [evaluate(inherited_network(supernet, a, data), data, data.validation).accuracy for a in untrained]
    supernet.load_state_dict(result.weights)
    after = [evaluate(inherited_network(supernet, a, data), data, data.validation).accuracy for a in untrained]
    assert np.mean(after) > 0.8 > np.mean(before) + 0.2
    last = result.curve[-1]
    assert last["largest_accuracy"] > 0.8
    assert last["smallest_accuracy"] > 0.5


def test_with_distillation_the_largest_network_teaches_the_others() -> None:
    """By labels and its own probabilities, on the same batch: the sum of the gradients by hand."""
    distill = DistillationSpec(weight=0.6, temperature=2.0)
    config = CONFIG.model_copy(update={"distill": distill, "ema_decay": 0.0, "epochs": 1})
    loop = SupernetLoop(fresh(), stripes(), config, ONE, TrainingHooks(), RUN)
    images, labels = next(train_batches(stripes(), 16, Epoch(0, 0)))
    loop._gradients(images, labels)
    by_hand = fresh().train()
    largest, *others = sandwich(SPACE, (RUN.seed, 0), 1)
    losses, said = [], by_hand.subnet(largest)(images)
    losses.append(F.cross_entropy(said, labels))
    taught = F.softmax(said.detach() / 2.0, 1)
    for network in others:
        logits = by_hand.subnet(network)(images)
        soft = (taught * (taught.log() - F.log_softmax(logits / 2.0, 1))).sum(1).mean() * 2.0**2
        losses.append(0.4 * F.cross_entropy(logits, labels) + 0.6 * soft)
    expected = [torch.zeros_like(p) for p in by_hand.parameters()]
    for loss in losses:
        found = torch.autograd.grad(loss, list(by_hand.parameters()), allow_unused=True)
        norm = torch.stack([g.square().sum() for g in found if g is not None]).sum().sqrt()
        for total, gradient in zip(expected, found, strict=True):
            if gradient is not None:
                total += gradient * min(1.0, GRADIENT_NORM / norm.item())
    for total, parameter in zip(expected, loop.state.model.parameters(), strict=True):
        mine = torch.zeros_like(total) if parameter.grad is None else parameter.grad
        torch.testing.assert_close(mine, total, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(("how", "step"), [(ONE, 1), (ONE, 5), (SHRINKING, 2), (SHRINKING, 4), (ATTENTIVE, 3)])
def test_interrupted_at_any_step_it_ends_with_the_same_bits(how: SupernetSpec, step: int, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"

    def stop(progress: object) -> None:
        if progress.step == step:
            raise Interrupted

    with pytest.raises(Interrupted):
        trained(how, hooks=TrainingHooks(on_step=stop, save=lambda checkpoint: checkpoint.save(path)))
    torch.manual_seed(step)
    resumed, whole = trained(how, Checkpoint.load(path)), trained(how)
    assert all(torch.equal(resumed.weights[name], tensor) for name, tensor in whole.weights.items())
    timeless = [[{**p, "duration_s": 0} for p in result.curve] for result in (resumed, whole)]
    assert timeless[0] == timeless[1]


def test_a_checkpoint_of_other_networks_is_refused() -> None:
    taken: list[Checkpoint] = []
    trained(hooks=TrainingHooks(save=taken.append, checkpoint_interval_s=0))
    with pytest.raises(CheckpointError, match="supernet"):
        trained(ATTENTIVE, taken[0])


def test_the_largest_network_trains_alone_first() -> None:
    """Only its weights move: those of stems and blocks that it has, and no matrix that cuts a kernel down."""
    loop = SupernetLoop(fresh(), stripes(), CONFIG, SHRINKING, TrainingHooks(), RUN)
    images, labels = next(train_batches(stripes(), 16, Epoch(0, 0)))
    assert [a.key for a in loop._networks(images, labels)] == [sandwich(SPACE, (RUN.seed, 0), 0)[0].key]
    loop._gradients(images, labels)
    steps = loop._supernet.kernel_steps.parameters()
    assert all(step.grad is None for step in steps)
    loop.state.step = loop.total_steps - 1
    assert len(loop._networks(images, labels)) == 3


@pytest.mark.parametrize("attention", ["best", "worst"])
def test_attention_picks_among_networks_of_about_the_same_cost_by_their_loss(attention: str) -> None:
    how = SupernetSpec.model_validate({**dict(ONE), "attention": attention})
    loop = SupernetLoop(fresh(), stripes(), CONFIG, how, TrainingHooks(), RUN)
    images, labels = next(train_batches(stripes(), 16, Epoch(0, 0)))
    *_, chosen = loop._networks(images, labels)
    rivals = rivals_of_first(SPACE, loop._supernet.network_input, sandwich(SPACE, (RUN.seed, 0), POOL)[2:])
    losses = {a.key: F.cross_entropy(fresh().train().subnet(a)(images), labels).item() for a in rivals}
    assert losses[chosen.key] == pytest.approx((min if attention == "best" else max)(losses.values()))


def test_training_leaves_the_supernet_that_it_was_given_as_it_was() -> None:
    supernet = fresh()
    train_supernet(supernet, stripes(), CONFIG, ONE, run=RUN)
    assert all(torch.equal(tensor, fresh().state_dict()[name]) for name, tensor in supernet.state_dict().items())


def test_the_sandwich_is_the_same_for_a_seed_and_step_and_begins_with_the_ends() -> None:
    networks = sandwich(SPACE, (3, 7), 4)
    assert [a.key for a in networks] == [a.key for a in sandwich(SPACE, (3, 7), 4)]
    assert [a.key for a in networks] != [a.key for a in sandwich(SPACE, (3, 8), 4)]
    assert len(networks) == 6
    depths = [[a.values[f"stage{n}_depth"] for n in (1, 2, 3)] for a in networks[:2]]
    assert depths == [[2, 2, 2], [1, 1, 1]]


def test_an_inherited_network_has_its_own_statistics_and_the_same_at_each_call() -> None:
    data, supernet = stripes(), fresh()
    (architecture,) = SPACE.sample(np.random.default_rng(0), 1)
    one, other = (inherited_network(supernet, architecture, data).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)
    means = [tensor for name, tensor in one.items() if name.endswith("running_mean")]
    assert all(mean.any() for mean in means)
