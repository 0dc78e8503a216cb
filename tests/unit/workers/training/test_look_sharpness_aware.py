"""LookSAM: between two second passes it reuses what the last one found at right angles to the plain gradient."""

import pytest
import torch
from torch import nn

from workers.training.look_sharpness_aware import ALPHA, LookSharpnessAware
from workers.training.sharpness_aware import SharpnessAware


class Valley(nn.Module):
    """A loss whose gradient turns on the way up: x^4 + y^2 over two parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.x = nn.Parameter(torch.tensor([[1.0]]))
        self.y = nn.Parameter(torch.tensor([[2.0]]))

    def gradients(self) -> torch.Tensor:
        self.zero_grad()
        (self.x**4 + self.y**2).sum().backward()
        return both(self)


def both(valley: Valley) -> torch.Tensor:
    return torch.cat([valley.x.grad.flatten(), valley.y.grad.flatten()]).clone()


@pytest.fixture
def valley() -> Valley:
    return Valley()


def test_a_full_step_is_that_of_sam_and_the_next_ones_reuse_its_part_across(valley: Valley) -> None:
    look = LookSharpnessAware(valley, 0.5, 3, adaptive=False)
    plain = valley.gradients()
    look.sharpen(0, valley.gradients)
    sharp = both(valley)
    with SharpnessAware(valley, 0.5, adaptive=False).worst_nearby():
        pass
    valley.gradients()
    SharpnessAware(valley, 0.5, adaptive=False).sharpen(0, valley.gradients)
    torch.testing.assert_close(both(valley), sharp)
    unit = plain / plain.norm()
    across = sharp - (sharp @ unit) * unit
    assert across.norm() > 0.1
    with torch.no_grad():
        valley.x -= 0.1
    now = valley.gradients()
    look.sharpen(1, lambda: pytest.fail("a second pass was made"))
    torch.testing.assert_close(both(valley), now + ALPHA * now.norm() * across / across.norm())


def test_a_second_pass_is_made_every_period(valley: Valley) -> None:
    look, passes = LookSharpnessAware(valley, 0.5, 3, adaptive=False), []
    for step in range(7):
        valley.gradients()
        look.sharpen(step, lambda step=step: (passes.append(step), valley.gradients()))
    assert passes == [0, 3, 6]


def test_gradients_that_overflowed_are_not_remembered(valley: Valley) -> None:
    look = LookSharpnessAware(valley, 0.5, 2, adaptive=False)
    valley.gradients()

    def overflow() -> None:
        valley.x.grad, valley.y.grad = torch.full((1, 1), torch.inf), torch.full((1, 1), torch.nan)

    look.sharpen(0, overflow)
    plain = valley.gradients()
    look.sharpen(1, valley.gradients)
    assert torch.equal(both(valley), plain)


def test_parameters_that_are_no_longer_trained_are_left_out(valley: Valley) -> None:
    look = LookSharpnessAware(valley, 0.5, 2, adaptive=False)
    valley.gradients()
    look.sharpen(0, valley.gradients)
    valley.gradients()
    valley.x.grad = None
    look.sharpen(1, valley.gradients)
    assert valley.x.grad is None
    assert torch.isfinite(valley.y.grad).all()
