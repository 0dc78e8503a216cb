"""Splits are a stratified partition that depends on nothing but the labels, the fractions and the seed."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nas_service.data.source import Part
from nas_service.domain.spec import DatasetSpec
from workers.data.splits import SplitIndices, split_samples

FRACTIONS = st.floats(0.01, 0.49)
LABELS = st.lists(st.integers(3, 40), min_size=2, max_size=6).flatmap(
    lambda counts: st.permutations([label for label, count in enumerate(counts) for _ in range(count)])
)


def split(labels: list[int], validation: float = 0.15, test: float = 0.15, seed: int = 0) -> SplitIndices:
    spec = DatasetSpec(name="digits", validation_fraction=validation, test_fraction=test, split_seed=seed)
    return split_samples(np.array(labels), np.zeros(len(labels), np.int8), spec)


@given(LABELS, FRACTIONS, FRACTIONS, st.integers(0, 9))
def test_each_sample_is_in_exactly_one_split(labels: list[int], validation: float, test: float, seed: int) -> None:
    parts = split(labels, validation, test, seed)
    together = np.concatenate([parts.train, parts.validation, parts.test])
    assert sorted(together.tolist()) == list(range(len(labels)))


@given(LABELS, FRACTIONS, FRACTIONS)
def test_each_class_is_in_each_split(labels: list[int], validation: float, test: float) -> None:
    parts = split(labels, validation, test)
    for indices in (parts.train, parts.validation, parts.test):
        assert set(np.array(labels)[indices]) == set(labels)


@given(LABELS, st.floats(0.05, 0.25), st.floats(0.05, 0.25))
def test_each_class_gives_its_share_to_the_nearest_sample(labels: list[int], validation: float, test: float) -> None:
    parts = split(labels, validation, test)
    for label in set(labels):
        count = labels.count(label)
        for indices, fraction in ((parts.validation, validation), (parts.test, test)):
            taken = int((np.array(labels)[indices] == label).sum())
            assert abs(taken - max(1, fraction * count)) <= 0.5


@given(LABELS, st.integers(0, 9))
def test_the_same_seed_gives_the_same_split(labels: list[int], seed: int) -> None:
    first, second = split(labels, seed=seed), split(labels, seed=seed)
    assert first.train.tolist() == second.train.tolist()
    assert first.test.tolist() == second.test.tolist()


def test_another_seed_gives_another_split() -> None:
    labels = [0, 1] * 50
    assert split(labels, seed=0).test.tolist() != split(labels, seed=1).test.tolist()


def test_the_split_never_changes_between_versions() -> None:
    parts = split([0, 1] * 10, seed=7)
    assert (parts.validation.tolist(), parts.test.tolist()) == ([5, 8, 15, 18], [3, 6, 7, 12])


def test_own_splits_are_kept_and_missing_ones_taken_from_train() -> None:
    own = np.array([Part.TRAIN] * 20 + [Part.TEST] * 4, np.int8)
    parts = split_samples(np.array([0, 1] * 12), own, DatasetSpec(name="digits", validation_fraction=0.2))
    assert parts.test.tolist() == [20, 21, 22, 23]
    assert len(parts.validation) == 4
    assert parts.validation.max() < 20
