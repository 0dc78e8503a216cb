"""Stochastic weight averaging: the mean of the weights that a constant rate visits, with statistics of its own."""

import pytest
import torch

from nas_service.domain.spec import TrainingSpec
from tests.unit.workers.training.samples import small_network, stripes
from workers.training import RunSettings, TrainingHooks, evaluate
from workers.training.loop import TrainingLoop
from workers.training.recalibration import recalibrate
from workers.training.schedule import RateSchedule

CONFIG = TrainingSpec(epochs=4, batch_size=16, precision="fp32", swa_fraction=0.5)


@pytest.mark.parametrize("decay", ["cosine", "trapezoid"])
def test_the_rate_stays_where_it_is_from_the_tail_on(decay: str) -> None:
    config = TrainingSpec(epochs=20, swa_fraction=0.25, learning_rate_decay=decay)
    with_tail = RateSchedule.of(config, 5)
    plain = RateSchedule.of(config.model_copy(update={"swa_fraction": 0.0}), 5)
    assert [with_tail(step) for step in range(75)] == [plain(step) for step in range(75)]
    assert {with_tail(step) for step in range(75, 100)} == {plain(75)}


def test_a_tail_is_no_part_of_a_longer_training() -> None:
    config = TrainingSpec(epochs=20, swa_fraction=0.5, learning_rate_decay="trapezoid", cooldown_fraction=0.1)
    assert RateSchedule.of(config, 5).shared_steps == 50


def test_what_is_deployed_is_the_mean_of_all_weights_visited_in_the_tail_recalibrated() -> None:
    visited: list[dict[str, torch.Tensor]] = []
    data = stripes()

    def note(_: object) -> None:
        visited.append({name: p.detach().double() for name, p in loop.state.model.named_parameters()})

    loop = TrainingLoop(small_network(), data, CONFIG, TrainingHooks(on_step=note), RunSettings(device="cpu"))
    result = loop.run(None)
    assert len(visited) == 12
    network = small_network()
    for name, parameter in network.named_parameters():
        mean = torch.stack([weights[name] for weights in visited[6:]]).mean(0).float()
        torch.testing.assert_close(result.weights[name], mean)
        parameter.data = result.weights[name]
    recalibrate(network, data)
    for name, buffer in network.named_buffers():
        torch.testing.assert_close(result.weights[name], buffer)
    assert evaluate(network, data, data.validation).accuracy == result.validation_accuracy


def test_before_the_tail_the_network_itself_is_validated() -> None:
    accuracies = []
    for fraction in (0.5, 0.0):
        loop = TrainingLoop(
            small_network(),
            stripes(),
            CONFIG.model_copy(update={"swa_fraction": fraction}),
            TrainingHooks(),
            RunSettings(device="cpu"),
        )
        accuracies.append([point["validation_loss"] for point in loop.run(None).curve])
    assert accuracies[0][:2] == accuracies[1][:2]
    assert accuracies[0][2:] != accuracies[1][2:]


def test_recalibrated_statistics_are_those_of_the_training_images_and_no_random_number_is_drawn() -> None:
    data, network = stripes(), small_network(dropout=0.9)
    state = torch.get_rng_state()
    recalibrate(network, data)
    assert torch.equal(torch.get_rng_state(), state)
    assert not any(module.training for module in network.modules())
    images = (data.train.images.float() / 255 - 0.5) / 0.25
    torch.testing.assert_close(network[1].running_mean, network[0](images).mean((0, 2, 3)), rtol=1e-4, atol=1e-5)
    assert network[1].momentum == 0.1
