"""Batches: normalised in channels_last order, shuffled anew each epoch, and the same when an epoch is resumed."""

from collections.abc import Callable, Iterator
from itertools import islice

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from workers.data import DataSet, Epoch, evaluation_batches, spread_batch, steps_per_epoch, train_batches

ALL = ("crop", "flip", "cutout", "mixup")
MakeSet = Callable[..., DataSet]


def same(first: list[tuple[Tensor, Tensor]], second: list[tuple[Tensor, Tensor]]) -> bool:
    pairs = zip(first, second, strict=True)
    return all(torch.equal(x, a) and torch.equal(y, b) for (x, y), (a, b) in pairs)


def images_and_labels(batches: Iterator[tuple[Tensor, Tensor]]) -> list[tuple[bytes, int]]:
    return [(x.numpy().tobytes(), int(y)) for xs, ys in batches for x, y in zip(xs, ys, strict=True)]


def test_evaluation_gives_every_image_once_in_order_normalised(random_set: MakeSet) -> None:
    data = random_set(count=10)
    batches = list(evaluation_batches(data, data.test, 4))
    assert [len(y) for _, y in batches] == [4, 4, 2]
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (data.mean, data.std))
    expected = (data.test.images / 255 - mean) / std
    torch.testing.assert_close(torch.cat([x for x, _ in batches]), expected, rtol=1e-5, atol=1e-5)
    assert torch.equal(torch.cat([y for _, y in batches]), data.test.labels)


@pytest.mark.parametrize("count", [4, 48, 100])
def test_a_spread_batch_holds_images_from_the_whole_order_with_their_labels(random_set: MakeSet, count: int) -> None:
    data = random_set(count=48)
    known = images_and_labels(evaluation_batches(data, data.train, 48))
    batch = images_and_labels([spread_batch(data, data.train, count)])
    assert len(batch) == min(count, 48)
    places = [known.index(one) for one in batch]
    assert (places[0], places[-1]) == (0, 47)
    assert places == sorted(places)


def test_an_epoch_without_augmentation_visits_images_once_with_their_labels(random_set: MakeSet) -> None:
    data = random_set(count=48)
    known = dict(images_and_labels(evaluation_batches(data, data.train, 48)))
    seen = images_and_labels(train_batches(data, 16, Epoch(3, 0)))
    assert len(set(seen)) == 48
    assert all(known[image] == label for image, label in seen)


@pytest.mark.parametrize("channels", [1, 3])
def test_images_are_float_in_channels_last_memory_order(random_set: MakeSet, channels: int) -> None:
    data = random_set(channels=channels)
    images, labels = next(train_batches(data, 16, Epoch(0, 0), ("crop", "flip")))
    assert images.shape == (16, channels, 8, 12)
    assert images.dtype == torch.float32
    assert images.stride() == (8 * 12 * channels, 1, 12 * channels, channels)
    assert labels.dtype == torch.int64


@given(seed=st.integers(0, 2**31 - 1), number=st.integers(0, 1000), first=st.integers(0, 5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # the fixture only makes new sets
def test_a_resumed_epoch_repeats_the_rest_exactly(random_set: MakeSet, seed: int, number: int, first: int) -> None:
    data = random_set()
    whole = list(train_batches(data, 8, Epoch(seed, number), ALL))
    rest = list(train_batches(data, 8, Epoch(seed, number, first_step=first), ALL))
    assert same(whole[first:], rest)


def test_epochs_and_seeds_differ(random_set: MakeSet) -> None:
    data = random_set()
    orders = {
        tuple(torch.cat([y for _, y in train_batches(data, 10, Epoch(seed, number))]).tolist())
        for seed in range(3)
        for number in range(3)
    }
    assert len(orders) == 9


def test_mixup_labels_are_probabilities_of_the_images_mixed(random_set: MakeSet) -> None:
    data = random_set()
    plain = list(train_batches(data, 10, Epoch(0, 0)))
    mixed = list(train_batches(data, 10, Epoch(0, 0), ("mixup",)))
    for (x, y), (mixed_x, mixed_y) in zip(plain, mixed, strict=True):
        torch.testing.assert_close(mixed_y.sum(1), torch.ones(10))
        share = ((mixed_x - x.roll(1, 0)) / (x - x.roll(1, 0))).nanmedian()
        one_hot = torch.nn.functional.one_hot(y, 4).float()
        torch.testing.assert_close(mixed_y, share * one_hot + (1 - share) * one_hot.roll(1, 0), rtol=1e-3, atol=1e-3)
        torch.testing.assert_close(mixed_x, share * x + (1 - share) * x.roll(1, 0), rtol=1e-3, atol=1e-3)
        assert mixed_x.is_contiguous(memory_format=torch.channels_last)


def test_an_incomplete_last_batch_is_left_out_unless_it_is_the_only_one(random_set: MakeSet) -> None:
    data = random_set(count=50)
    assert [len(y) for _, y in train_batches(data, 16, Epoch(0, 0), ALL)] == [16, 16, 16]
    assert [len(y) for _, y in train_batches(data, 64, Epoch(0, 0), ALL)] == [50]
    assert steps_per_epoch(data.train, 16) == 3
    assert steps_per_epoch(data.train, 64) == 1


def test_training_leaves_the_data_set_unchanged(random_set: MakeSet) -> None:
    data = random_set()
    before = data.train.images.clone()
    for images, _ in islice(train_batches(data, 50, Epoch(0, 0), ("flip", "cutout")), 3):
        images.zero_()
    assert torch.equal(data.train.images, before)
