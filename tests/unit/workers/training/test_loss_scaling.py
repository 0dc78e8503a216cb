"""fp16: gradients too small for it survive by scaling, and a step whose gradients overflow changes nothing."""

import pytest
import torch

from nas_service.domain.spec import TrainingSpec
from tests.unit.workers.training.samples import small_network, stripes
from workers.training import RunSettings, train
from workers.training.loss_scaling import LossScaler

CPU = torch.device("cpu")


def scaler(is_on: bool = True) -> LossScaler:
    made = LossScaler(CPU)
    made.is_on = is_on
    return made


def stepped(made: LossScaler, factor: float) -> tuple[torch.Tensor, torch.Tensor]:
    """A weight and its gradient, which passes through fp16, after one step of the loss `factor` times the weight."""
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1.0, fused=True)
    loss = (weight.half().float() * factor).sum()
    made.scale(loss).backward()
    made.unscale(optimizer)
    made.step(optimizer)
    return weight.detach(), weight.grad


def test_a_gradient_below_the_smallest_fp16_number_is_lost_without_scaling_alone() -> None:
    assert torch.finfo(torch.float16).smallest_normal > 1e-6
    plain = torch.tensor(1e-8, dtype=torch.float16)
    assert plain == 0
    scaled = (torch.tensor(1e-8) * 65536).half().float() / 65536
    assert scaled == pytest.approx(1e-8, rel=1e-2)


@pytest.mark.parametrize("is_on", [True, False])
def test_a_step_follows_the_gradient_of_the_loss_that_was_not_scaled(is_on: bool) -> None:
    weight, gradient = stepped(scaler(is_on), 0.5)
    assert (weight.item(), gradient.item()) == (-0.5, 0.5)


def test_a_step_that_overflows_changes_no_weight_and_the_next_is_scaled_less() -> None:
    made = scaler()
    weight, _ = stepped(made, 1e4)  # times 65536 beyond 65504
    assert weight.item() == 0
    assert made.tensors()["scale"].item() == 65536 / 2


def test_what_it_remembers_comes_back() -> None:
    first, second = scaler(), scaler()
    stepped(first, 1e4)
    stepped(first, 0.5)
    second.restore(first.tensors())
    stepped(first, 0.5)
    stepped(second, 0.5)
    assert second.tensors() == first.tensors()
    assert scaler(is_on=False).tensors() == {}


def test_fp16_reaches_what_fp32_reaches() -> None:
    config, run = TrainingSpec(epochs=10, batch_size=16), RunSettings(device="cpu")
    accuracies = [
        train(small_network(), stripes(192), config.model_copy(update={"precision": precision}), run=run)
        for precision in ("fp32", "fp16")
    ]
    assert [result.precision for result in accuracies] == ["fp32", "fp16"]
    assert abs(accuracies[0].validation_accuracy - accuracies[1].validation_accuracy) < 0.05
    assert accuracies[1].validation_accuracy > 0.9
