"""Temperature and threshold of an exit, on confidences made by hand."""

import math

import pytest
import torch

from workers.compression.exit_threshold import temperature_of, threshold_of


def test_the_temperature_makes_confidences_as_high_as_images_are_right() -> None:
    """Logits that claim 98.5 % (4 to the third power, to one) where 80 % are right are three times too large."""
    logits = torch.tensor([[3 * math.log(4), 0.0]]).repeat(100, 1)
    labels = torch.cat([torch.zeros(80, dtype=torch.int64), torch.ones(20, dtype=torch.int64)])
    assert temperature_of(logits, labels) == pytest.approx(3, rel=0.03)


def found(confidences: list[float], harmful: list[int], most_loss: float, floor: float = 0.0) -> tuple[float, float]:
    is_harmful = torch.zeros(len(confidences), dtype=torch.bool)
    is_harmful[harmful] = True
    threshold = threshold_of(torch.tensor(confidences), is_harmful, most_loss, floor)
    assert threshold is not None
    return threshold.value, threshold.exit_share


def test_as_many_leave_as_the_counted_loss_allows() -> None:
    sure = [0.99, 0.95, 0.98, 0.96, 0.97]
    assert found(sure, [3, 1], most_loss=0.2) == (pytest.approx(0.955), 0.8)  # 0.96 may be lost, 0.95 not as well
    assert found(sure, [3, 1], most_loss=0.1) == (pytest.approx(0.965), 0.6)
    assert found(sure, [3, 1], most_loss=0.4) == (pytest.approx(0.475), 1.0)


def test_no_more_leave_than_the_confidences_themselves_allow() -> None:
    """Three were right, but by what was said of them 0.01 + 0.2 + 0.4 are wrong."""
    assert found([0.99, 0.8, 0.6], [], most_loss=0.1) == (pytest.approx(0.7), 2 / 3)
    assert found([0.99, 0.8, 0.6], [], most_loss=0.21) == (pytest.approx(0.3), 1.0)


def test_nothing_leaves_that_is_no_surer_than_an_image_of_no_class() -> None:
    assert found([0.99, 0.95, 0.9], [], most_loss=0.2, floor=0.92) == (pytest.approx(0.935), 2 / 3)
    assert threshold_of(torch.tensor([0.9, 0.8]), torch.zeros(2, dtype=torch.bool), 0.5, floor=0.95) is None


def test_no_threshold_stands_between_confidences_that_rounding_could_exchange() -> None:
    assert found([0.97, 0.96, 0.96 - 2e-5], [2], most_loss=0.3) == (pytest.approx(0.965), 1 / 3)


def test_where_the_surest_image_is_lost_none_leaves() -> None:
    assert threshold_of(torch.tensor([0.999, 0.99]), torch.tensor([True, False]), 0.1, 0.0) is None
