"""Stratified train, validation and test splits that are the same on any machine."""

from dataclasses import dataclass
from math import floor

import numpy as np

from nas_service.data.source import Part
from nas_service.domain.spec import DatasetSpec

SPLIT_RULE = 1
"""Raise it whenever a change here can move a sample: it is part of every fingerprint."""


@dataclass(frozen=True, eq=False)
class SplitIndices:
    """Sorted sample indices of each split: a partition of all samples."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def split_samples(labels: np.ndarray, parts: np.ndarray, spec: DatasetSpec) -> SplitIndices:
    """Keep the set's own validation and test samples; where it has none, take a share of each class of `train`.

    A class gives floor(fraction * n + 1/2) of its n samples, at least one, and keeps at least one; each class
    therefore needs as many samples as there are splits to fill. Samples are ordered within their class by the raw
    words of PCG64 seeded with (split_seed, class): a stream that NumPy promises never to change.
    """
    assigned = parts.copy()
    takes_validation, takes_test = Part.VALIDATION not in parts, Part.TEST not in parts
    for label in np.unique(labels):
        members = np.flatnonzero((labels == label) & (parts == Part.TRAIN))
        words = np.random.PCG64(np.random.SeedSequence((spec.split_seed, int(label)))).random_raw(len(members))
        members = members[np.argsort(words, kind="stable")]
        test = _share(spec.test_fraction, len(members), 1 + takes_validation) if takes_test else 0
        validation = _share(spec.validation_fraction, len(members), 1 + test) if takes_validation else 0
        assigned[members[:test]] = Part.TEST
        assigned[members[test : test + validation]] = Part.VALIDATION
    train, validation_, test_ = (np.flatnonzero(assigned == part) for part in Part)
    return SplitIndices(train, validation_, test_)


def _share(fraction: float, count: int, reserved: int) -> int:
    """How many of `count` samples to set aside, leaving `reserved` for others."""
    return max(1, min(floor(fraction * count + 0.5), count - reserved))
