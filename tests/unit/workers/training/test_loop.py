"""The training loop learns, reports, and fails by name."""

import pytest
import torch
from torch import nn

from nas_service.domain.errors import TrainingDivergedError
from nas_service.domain.spec import TrainingSpec
from tests.unit.workers.training.samples import small_network, stripes
from workers.training import RunSettings, TrainingHooks, evaluate, train

FP32 = TrainingSpec(epochs=6, batch_size=16, precision="fp32")


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("channels", [1, 3])
def test_training_learns_what_can_be_learned(optimizer, channels):
    config = FP32.model_copy(update={"optimizer": optimizer, "epochs": 20})
    result = train(small_network(channels), stripes(channels=channels), config)
    assert result.validation_accuracy > 0.9
    assert (result.epochs, result.steps, result.precision) == (20, 60, "fp32")
    assert len(result.curve) == 20


@pytest.mark.parametrize(
    "change",
    [
        {"label_smoothing": 0.1},
        {"ema_decay": 0.9},
        {"gradient_clip": 0.5},
        {"sam_rho": 0.05},
        {"sam_rho": 0.5, "sam_adaptive": True},
        {"sam_rho": 0.05, "sam_period": 2},
        {"swa_fraction": 0.5},
        {"begin_size": 0.5},
        {"freeze_layers": 0.5},
        {"augment": ("crop", "flip", "cutout", "mixup")},
        {"precision": "bf16"},
        {"precision": "fp16"},
        {"momentum": 0.0},
        {"batch_size": 500},
    ],
    ids=str,
)
def test_every_setting_trains_to_other_weights(change):
    plain = train(small_network(), stripes(), FP32.model_copy(update={"epochs": 2})).weights
    changed = train(small_network(), stripes(), FP32.model_copy(update={"epochs": 2, **change})).weights
    assert any(not torch.equal(plain[name], changed[name]) for name in plain)
    assert all(torch.isfinite(tensor).all() for tensor in changed.values())


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    config = FP32.model_copy(update={"epochs": 2, "augment": ("crop",)})
    first, again, other = (
        train(small_network(), stripes(), config, run=RunSettings(seed=seed)).weights for seed in (1, 1, 2)
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_the_callers_network_and_random_state_are_left_alone():
    network = small_network()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    random_before = torch.get_rng_state()
    train(network, stripes(), FP32.model_copy(update={"epochs": 1}))
    assert torch.equal(torch.get_rng_state(), random_before)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


@pytest.mark.parametrize("ema_decay", [0.0, 0.9])
def test_the_weights_given_back_reach_the_accuracy_given_back(ema_decay):
    data = stripes()
    result = train(small_network(), data, FP32.model_copy(update={"ema_decay": ema_decay}))
    network = small_network()
    network.load_state_dict(result.weights)
    again = evaluate(network.to(result.device), data, data.validation)
    assert again.accuracy == result.validation_accuracy
    assert again.loss == pytest.approx(result.validation_loss, rel=1e-5)


def test_hooks_see_every_step_and_every_epoch_in_order():
    steps, epochs, saved = [], [], []
    hooks = TrainingHooks(
        on_step=lambda p: steps.append((p.epoch, p.step, p.total_steps, p.samples_seen)),
        on_epoch=epochs.append,
        save=saved.append,
        checkpoint_interval_s=0,
    )
    result = train(small_network(), stripes(), FP32.model_copy(update={"epochs": 2}), hooks=hooks)
    assert steps == [(step // 3, step + 1, 6, 16 * (step + 1)) for step in range(6)]
    assert [e.to_dict() for e in epochs] == result.curve
    assert [c.facts["step"] for c in saved] == [1, 2, 3, 4, 5, 6]


def test_a_loss_that_is_no_number_ends_the_training_at_its_step():
    config = FP32.model_copy(update={"learning_rate": 10.0, "momentum": 0.99, "weight_decay": 1.0})
    with pytest.raises(TrainingDivergedError, match=r"at step [123] of 18.*lower training.learning_rate"):
        train(_exploding_network(), stripes(), config)


def _exploding_network() -> nn.Module:
    """Without normalisation and with large weights, one step is enough to overflow."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(192, 64), nn.Linear(64, 64), nn.Linear(64, 3))
    for parameter in network.parameters():
        nn.init.constant_(parameter, 1e6)
    return network


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's compiler uses its own old parts
def test_the_compiled_network_trains_to_the_same_weights():
    eager = train(small_network(dropout=0), stripes(), FP32.model_copy(update={"epochs": 1}))
    compiled = train(small_network(dropout=0), stripes(), FP32.model_copy(update={"epochs": 1, "compile": True}))
    for name, tensor in eager.weights.items():
        torch.testing.assert_close(compiled.weights[name], tensor, rtol=1e-3, atol=1e-4)
