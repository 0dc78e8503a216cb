"""A training that was interrupted, or killed, and continued ends with the same bits."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from nas_service.domain.spec import DistillationSpec, TrainingSpec
from tests.unit.workers.training.samples import small_network, stripes
from workers.training import Checkpoint, CheckpointError, Interrupted, RunSettings, TrainingHooks, train
from workers.training.teachers import Teacher

CONFIG = TrainingSpec(epochs=3, batch_size=16, ema_decay=0.9, augment=("crop", "cutout", "mixup"), precision="fp32")
"""3 epochs of 3 steps; the network has dropout, so every kind of random number is drawn."""
RUN = RunSettings(seed=5, device="cpu", teachers=lambda: [Teacher("other", small_network())])
OPTIMIZERS = [{"optimizer": "sgd"}, {"optimizer": "adamw"}, {"sam_rho": 0.1}]


TECHNIQUES = [
    {"sam_rho": 0.1, "sam_period": 4},
    {"swa_fraction": 0.6},
    {"precision": "fp16"},
    {"begin_size": 0.5},
    {"freeze_layers": 0.5},
    {"target_accuracy": 0.3},
    {"distill": DistillationSpec(weight=0.5, attention=1.0)},
    {"distill": DistillationSpec(weight=0.5), "augment": ()},
    {"sam_rho": 0.1, "sam_period": 2, "swa_fraction": 0.5, "freeze_layers": 0.5, "precision": "fp16"},
]
"""Changes of `CONFIG`, each with something of its own to remember."""


def trained(config=CONFIG, checkpoint=None, hooks=TrainingHooks()):
    return train(small_network(), stripes(), config, checkpoint, hooks, RUN)


def interrupt_at(step, path):
    def stop(progress):
        if progress.step == step:
            raise Interrupted

    return TrainingHooks(on_step=stop, save=lambda checkpoint: checkpoint.save(path))


def assert_same_bits(one, other):
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("technique", TECHNIQUES, ids=str)
@pytest.mark.parametrize("step", [2, 5, 8])
def test_interrupted_in_any_technique_it_ends_with_the_same_bits(step, technique, tmp_path):
    config = CONFIG.model_copy(update={"ema_decay": 0.0} | technique)
    path = tmp_path / "checkpoint.safetensors"
    whole = trained(config)
    if step > whole.steps:
        pytest.skip("it has ended by then")
    with pytest.raises(Interrupted):
        trained(config, hooks=interrupt_at(step, path))
    torch.manual_seed(step)
    resumed = trained(config, Checkpoint.load(path))
    assert_same_bits(resumed.weights, whole.weights)
    assert [p["validation_loss"] for p in resumed.curve] == [p["validation_loss"] for p in whole.curve]


def test_a_checkpoint_of_other_teachers_is_refused(tmp_path):
    config = CONFIG.model_copy(update={"distill": DistillationSpec(weight=0.5)})
    path = tmp_path / "checkpoint.safetensors"
    with pytest.raises(Interrupted):
        trained(config, hooks=interrupt_at(2, path))
    others = RunSettings(seed=5, device="cpu", teachers=lambda: [Teacher("another", small_network())])
    with pytest.raises(CheckpointError, match="teachers"):
        train(small_network(), stripes(), config, Checkpoint.load(path), run=others)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
@pytest.mark.parametrize("step", range(1, 10))
def test_interrupted_at_any_step_it_ends_with_the_same_bits(step, optimizer, tmp_path):
    config = CONFIG.model_copy(update=optimizer)
    whole, path = trained(config), tmp_path / "checkpoint.safetensors"
    with pytest.raises(Interrupted):
        trained(config, hooks=interrupt_at(step, path))
    torch.manual_seed(step)
    resumed = trained(config, Checkpoint.load(path))
    assert_same_bits(resumed.weights, whole.weights)
    timeless = [{k: v for k, v in point.items() if k != "duration_s"} for point in resumed.curve]
    assert timeless == [{k: v for k, v in point.items() if k != "duration_s"} for point in whole.curve]
    assert resumed.duration_s > 0


def test_interrupted_again_and_again_it_ends_with_the_same_bits(tmp_path):
    path, checkpoint = tmp_path / "checkpoint.safetensors", None
    for step in range(1, 10):
        with pytest.raises(Interrupted):
            trained(checkpoint=checkpoint, hooks=interrupt_at(step, path))
        checkpoint = Checkpoint.load(path)
    assert_same_bits(trained(checkpoint=checkpoint).weights, trained().weights)


def test_a_hook_of_the_epoch_may_interrupt_too(tmp_path):
    path, seen = tmp_path / "checkpoint.safetensors", []

    def stop(metrics):
        seen.append(metrics.epoch)
        raise Interrupted

    with pytest.raises(Interrupted):
        trained(hooks=TrainingHooks(on_epoch=stop, save=lambda checkpoint: checkpoint.save(path)))
    resumed = trained(checkpoint=Checkpoint.load(path), hooks=TrainingHooks(on_epoch=lambda m: seen.append(m.epoch)))
    assert seen == [0, 1, 2]
    assert_same_bits(resumed.weights, trained().weights)


KILLED_AFTER_A_CHECKPOINT = """
import os, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from tests.unit.workers.training.test_resume import CONFIG, RUN
from tests.unit.workers.training.samples import small_network, stripes
from workers.training import TrainingHooks, train

def die(progress):
    if progress.step == 6:
        os.kill(os.getpid(), signal.SIGKILL)

def save(checkpoint):
    if checkpoint.facts["step"] <= 4:
        checkpoint.save(Path(sys.argv[1]))

train(small_network(), stripes(), CONFIG, None, TrainingHooks(die, save=save, checkpoint_interval_s=0), RUN)
"""


def test_killed_in_another_process_it_ends_with_the_same_bits(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    died = subprocess.run(
        [sys.executable, "-c", KILLED_AFTER_A_CHECKPOINT, str(path)], env=environment, timeout=120, check=False
    )
    assert died.returncode == -signal.SIGKILL
    checkpoint = Checkpoint.load(path)
    assert checkpoint.facts["step"] == 4
    assert_same_bits(trained(checkpoint=checkpoint).weights, trained().weights)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"epochs": 4}, "not on the way of a training of 4 epochs"), ({"learning_rate": 0.5}, "config")],
)
def test_a_checkpoint_of_another_training_is_refused(change, message, tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    with pytest.raises(Interrupted):
        trained(hooks=interrupt_at(2, path))
    with pytest.raises(CheckpointError, match=message):
        trained(CONFIG.model_copy(update=change), Checkpoint.load(path))


TRAPEZOID = CONFIG.model_copy(
    update={"learning_rate_decay": "trapezoid", "warmup_epochs": 0.5, "cooldown_fraction": 0.4}
)


@pytest.mark.parametrize(
    "optimizer", [*OPTIMIZERS, {"sam_rho": 0.1, "sam_period": 4}, {"swa_fraction": 0.2, "ema_decay": 0.0}], ids=str
)
def test_a_training_forked_from_a_shorter_one_ends_with_the_bits_of_one_that_was_not(optimizer, tmp_path):
    path = tmp_path / "fork"
    longest = TRAPEZOID.model_copy(update={"epochs": 6} | optimizer)
    whole, checkpoint = trained(longest), None
    for epochs in (1, 3):
        shorter = longest.model_copy(update={"epochs": epochs})
        trained(shorter, checkpoint, TrainingHooks(fork=lambda fork: fork.save(path)))
        checkpoint = Checkpoint.load(path)
    resumed = trained(longest, checkpoint)
    assert checkpoint.facts["step"] > 0
    assert_same_bits(resumed.weights, whole.weights)
    assert [p["validation_loss"] for p in resumed.curve] == [p["validation_loss"] for p in whole.curve]


def test_a_state_of_the_cooldown_is_no_beginning_of_a_longer_training(tmp_path):
    path = tmp_path / "checkpoint"
    with pytest.raises(Interrupted):
        trained(TRAPEZOID, hooks=interrupt_at(TRAPEZOID.epochs * 3 - 1, path))
    with pytest.raises(CheckpointError, match="not on the way of a training of 5 epochs"):
        trained(TRAPEZOID.model_copy(update={"epochs": 5}), Checkpoint.load(path))


def test_a_fork_of_a_longer_training_is_no_beginning_of_a_shorter_one():
    forks = []
    trained(TRAPEZOID.model_copy(update={"epochs": 6}), hooks=TrainingHooks(fork=forks.append))
    with pytest.raises(CheckpointError, match="not on the way of a training of 3 epochs"):
        trained(TRAPEZOID, *forks)


def test_what_depends_on_the_length_from_the_first_step_on_has_no_fork():
    forks = []
    trained(TRAPEZOID.model_copy(update={"begin_size": 0.5}), hooks=TrainingHooks(fork=forks.append))
    assert forks == []


def test_layers_are_frozen_after_the_fork_only():
    forks = []
    frozen = TRAPEZOID.model_copy(update={"freeze_layers": 0.5, "freeze_from": 0.3})
    trained(frozen, hooks=TrainingHooks(fork=forks.append))
    assert [fork.facts["step"] for fork in forks] == [round(0.3 * 9)]


def test_a_cosine_has_no_fork():
    forks = []
    trained(CONFIG, hooks=TrainingHooks(fork=forks.append))
    assert forks == []


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    with pytest.raises(Interrupted):
        trained(hooks=interrupt_at(2, path))
    with pytest.raises(CheckpointError, match="another network"):
        train(torch.nn.Linear(3, 3), stripes(), CONFIG, Checkpoint.load(path), run=RUN)
