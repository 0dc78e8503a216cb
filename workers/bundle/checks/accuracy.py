"""Whether the data set is the stated one, and the exported file as accurate on it as stated."""

from pathlib import Path
from typing import Literal

from workers.bundle.card_format import DatasetPart, FilePart, SharePart
from workers.bundle.checks.report import Check
from workers.data import DataSet, Split, summary
from workers.export.exported import ExportedModel

SplitName = Literal["validation", "test"]
SHARE_ALLOWED = 0.001
"""Other processors add up in another order, which can tip images on the edge: one in a thousand, or else one."""


def check_dataset(data: DataSet, stated: DatasetPart) -> Check:
    """The fingerprint, or else what differs."""
    agrees = data.fingerprint == stated.fingerprint
    counts = ", ".join(f"{len(split):,} {name}" for name, split in _splits(data).items())
    detail = (
        f"{data.name}: {counts} images" if agrees else f"{data.name} is another data set: {_difference(data, stated)}"
    )
    return Check("data set", agrees, detail, stated=stated.fingerprint, found=data.fingerprint)


def check_accuracy(split: SplitName, file: FilePart, data: DataSet, bundle: Path) -> Check:
    """The exported file on every image of a split."""
    stated: SharePart = getattr(file, split)
    found = ExportedModel(bundle / file.name, file.format).accuracy(_splits(data)[split])
    allowed = max(SHARE_ALLOWED, 1.5 / found.sample_count)
    agrees = found.sample_count == stated.sample_count and abs(found.accuracy - stated.accuracy) <= allowed
    detail = (
        f"{found.accuracy:.4f} on {found.sample_count:,} images;"
        f" the card says {stated.accuracy:.4f} on {stated.sample_count:,}"
    )
    return Check(f"{split} accuracy, {file.name}", agrees, detail, stated.accuracy, found.accuracy, allowed)


def _splits(data: DataSet) -> dict[str, Split]:
    return {"train": data.train, "validation": data.validation, "test": data.test}


def _difference(data: DataSet, stated: DatasetPart) -> str:
    """What a person would look at first."""
    counts = {name: split["by_class"] for name, split in summary(data)["splits"].items()}
    facts = {
        "classes": (list(data.classes), stated.classes),
        "image shape (C, H, W)": (
            [data.channels, data.height, data.width],
            [stated.channels, stated.height, stated.width],
        ),
        "images in each split and class": (counts, {name: split.by_class for name, split in stated.splits.items()}),
    }
    for name, (found, expected) in facts.items():
        if found != expected:
            return f"{name}: {found}, the card says {expected}"
    return "the same classes and counts, but other images, labels or splits"
