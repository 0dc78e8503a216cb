"""Temperature and threshold of an exit, on confidences made by hand."""

import math
from collections.abc import Sequence

import pytest
import torch

from workers.compression.exit_threshold import Outcomes, temperature_of, threshold_of


def test_the_temperature_makes_confidences_as_high_as_images_are_right() -> None:
    """Logits that claim 98.5 % (4 to the third power, to one) where 80 % are right are three times too large."""
    logits = torch.tensor([[3 * math.log(4), 0.0]]).repeat(100, 1)
    labels = torch.cat([torch.zeros(80, dtype=torch.int64), torch.ones(20, dtype=torch.int64)])
    assert temperature_of(logits, labels) == pytest.approx(3, rel=0.03)


def outcomes(confidences: list[float], lost: list[int], wrong: list[int]) -> Outcomes:
    """`lost` and `wrong` are indices; what is lost is wrong."""
    is_wrong, is_lost = (torch.zeros(len(confidences), dtype=torch.bool) for _ in range(2))
    is_lost[lost] = True
    is_wrong[[*lost, *wrong]] = True
    return Outcomes(torch.tensor(confidences), is_wrong, is_lost)


def found(
    confidences: list[float], lost: list[int], most_loss: float, floor: float = 0.0, wrong: Sequence[int] = ()
) -> tuple[float, float]:
    threshold = threshold_of(outcomes(confidences, lost, list(wrong)), most_loss, floor)
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


def test_what_the_network_gets_wrong_too_is_not_lost() -> None:
    """Of two errors one was: half of what is expected counts, and only that one of what was counted."""
    sure = [0.99, 0.9, 0.8, 0.7]
    assert found(sure, [3], most_loss=0.05) == (pytest.approx(0.85), 0.5)
    assert found(sure, [3], wrong=[2], most_loss=0.08) == (pytest.approx(0.75), 0.75)


def test_nothing_leaves_that_is_no_surer_than_an_image_of_no_class() -> None:
    assert found([0.99, 0.95, 0.9], [], most_loss=0.2, floor=0.92) == (pytest.approx(0.935), 2 / 3)
    assert threshold_of(outcomes([0.9, 0.8], [], []), 0.5, floor=0.95) is None


def test_no_threshold_stands_between_confidences_that_rounding_could_exchange() -> None:
    assert found([0.97, 0.96, 0.96 - 2e-5], [2], most_loss=0.3) == (pytest.approx(0.965), 1 / 3)


def test_where_the_surest_image_is_lost_none_leaves() -> None:
    assert threshold_of(outcomes([0.999, 0.99], [0], []), 0.1, 0.0) is None
