"""The loop's parts: learning rate, optimizer groups, moving average, choice of precision, evaluation."""

import json

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from nas_service.domain.spec import TrainingSpec
from tests.unit.workers.training.samples import small_network, stripes
from workers.training import evaluate
from workers.training.average import WeightAverage
from workers.training.evaluation import _suitable_batch
from workers.training.optimizer import build_optimizer, peak_learning_rate
from workers.training.precision import faster_precision
from workers.training.schedule import RateSchedule


def both(network):
    return {"fp32": network, "bf16": network}


@given(total=st.integers(1, 500), warmup=st.floats(0, 0.5), decay=st.sampled_from(["cosine", "trapezoid"]))
def test_the_rate_rises_to_its_peak_and_falls_towards_zero(total, warmup, decay):
    config = TrainingSpec(epochs=total, warmup_fraction=warmup, learning_rate=0.4, learning_rate_decay=decay)
    rates = [RateSchedule.of(config, 1)(step) for step in range(total)]
    top = rates.index(max(rates))
    assert all(0 < rate < 0.4 + 1e-9 for rate in rates)
    assert rates[:top] == sorted(rates[:top])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert max(rates) == pytest.approx(0.4) or (decay == "trapezoid" and total == 1)
    if total >= 200:
        assert rates[-1] < 0.01


@given(st.integers(1, 60), st.integers(1, 60), st.floats(0.01, 1), st.floats(0, 5), st.integers(1, 20))
def test_trapezoids_of_any_two_lengths_share_the_rates_before_the_shorter_ones_cooldown(
    one, other, cooldown, warmup, steps
):
    shorter, longer = (
        RateSchedule.of(
            TrainingSpec(
                epochs=epochs,
                learning_rate_decay="trapezoid",
                cooldown_fraction=cooldown,
                warmup_epochs=warmup,
            ),
            steps,
        )
        for epochs in sorted((one, other))
    )
    shared = shorter.shared_steps
    assert shared <= longer.shared_steps
    assert [shorter(step) for step in range(shared)] == [longer(step) for step in range(shared)]


def test_the_peak_follows_the_batch_unless_it_is_given():
    assert peak_learning_rate(TrainingSpec(batch_size=128)) == pytest.approx(0.2)
    assert peak_learning_rate(TrainingSpec(batch_size=32, optimizer="adamw")) == pytest.approx(0.0015)
    assert peak_learning_rate(TrainingSpec(batch_size=128, learning_rate=0.3)) == 0.3


def test_biases_and_normalisation_do_not_decay():
    network = small_network()
    decaying, free = build_optimizer(network, TrainingSpec(weight_decay=0.1)).param_groups
    assert {tuple(p.shape) for p in free["params"]} == {(16,), (24,), (3,)}
    assert (decaying["weight_decay"], free["weight_decay"]) == (0.1, 0.0)
    assert len(decaying["params"]) + len(free["params"]) == len(list(network.parameters()))


def test_the_average_is_the_weighted_sum_of_all_weights_seen():
    network = small_network()
    average = WeightAverage(network, decay=0.3)
    expected = network[0].weight.detach().clone()
    for step in range(1, 6):
        with torch.no_grad():
            network[0].weight += step
            network[1].running_mean += step
            network[1].num_batches_tracked += 1
        average.update(step)
        decay = min(0.3, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * network[0].weight.detach()
    torch.testing.assert_close(average.model[0].weight, expected)
    assert 0 < average.model[1].running_mean[0] < network[1].running_mean[0]
    assert average.model[1].num_batches_tracked == 5


def test_precision_is_measured_once_and_remembered_for_network_and_batch(tmp_path):
    images = torch.randn(8, 3, 8, 8)
    chosen = faster_precision(both(small_network()), images, tmp_path)
    (memory,) = tmp_path.iterdir()
    ((key, value),) = json.loads(memory.read_text()).items()
    assert value == chosen
    other = {"fp32": "bf16", "bf16": "fp32"}[chosen]
    memory.write_text(json.dumps({key: other}))
    assert faster_precision(both(small_network()), images, tmp_path) == other
    faster_precision(both(small_network()), images[:4], tmp_path)
    assert len(json.loads(memory.read_text())) == 2


def test_a_damaged_memory_of_precisions_is_measured_anew(tmp_path):
    (tmp_path / "precision.json").write_text("{")
    assert faster_precision(both(small_network()), torch.randn(8, 3, 8, 8), tmp_path) in ("fp32", "bf16")
    assert json.loads((tmp_path / "precision.json").read_text())


def test_measuring_leaves_the_network_and_the_random_state_as_they_were():
    network, images = small_network(), torch.randn(8, 3, 8, 8)
    random_before = torch.get_rng_state()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    faster_precision(both(network), images, None)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert all(p.grad is None for p in network.parameters())
    assert torch.equal(torch.get_rng_state(), random_before)


@pytest.mark.parametrize("batch_size", [7, None])
def test_an_evaluation_equals_one_pass_over_everything(batch_size):
    data, network = stripes(count=200), small_network()
    network.train()
    found = evaluate(network, data, data.test, batch_size)
    assert network.training
    images = (data.test.images.float() / 255 - 0.5) / 0.25
    logits = network.eval()(images)
    assert found.accuracy == (logits.argmax(1) == data.test.labels).double().mean().item()
    assert found.loss == pytest.approx(F.cross_entropy(logits, data.test.labels).item(), rel=1e-4)
    assert found.sample_count == len(data.test)


@pytest.mark.parametrize(("device", "side", "images"), [("cpu", 8, 64), ("cuda", 32, 512), ("cuda", 224, 64)])
def test_batches_of_an_evaluation_suit_the_device_and_the_images(device, side, images):
    assert _suitable_batch(torch.device(device), stripes(count=8, size=side)) == images
