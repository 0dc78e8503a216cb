"""Images a second, by a clock that is told what a run takes."""

import numpy as np
import pytest

from workers.profiling.runtimes.contract import Array
from workers.profiling.throughput import FEWEST_RUNS, MOST_RUNS, Throughput, throughput


class Model:
    """Takes 2 s a run and 1 s an image; the first run of a size takes a minute more."""

    image_shape = (3, 4, 5)

    def __init__(self) -> None:
        self.now_s = 0.0
        self.sizes: set[int] = set()

    def run(self, images: Array) -> Array:
        assert images.dtype == np.float32
        self.now_s += 2 + len(images) + (0 if len(images) in self.sizes else 60)
        self.sizes.add(len(images))
        return images


def measured(batch_sizes: list[int], budget_s: float) -> list[Throughput]:
    model = Model()
    return throughput(model, batch_sizes, budget_s, clock_s=lambda: model.now_s)


def test_larger_batches_are_timed_in_order_and_warmed_up() -> None:
    single, batched = measured([1, 8], 200)
    assert (single.batch_size, single.median_ms) == (1, 3000)
    assert single.images_per_s == pytest.approx(1 / 3)
    assert batched.images_per_s == pytest.approx(8 / 10)


def test_the_budget_is_shared_among_the_sizes() -> None:
    single, batched = measured([1, 8], 120)
    assert (single.runs, batched.runs) == (20, 6)


@pytest.mark.parametrize(("budget_s", "runs"), [(0.1, FEWEST_RUNS), (1e9, MOST_RUNS)])
def test_runs_are_bounded_on_both_sides(budget_s: float, runs: int) -> None:
    (found,) = measured([1], budget_s)
    assert found.runs == runs
