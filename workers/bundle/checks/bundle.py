"""All checks of a bundle, in order; each runs as far as what it needs is whole."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from nas_service.domain.entities import PACKED_FILE
from workers.bundle.card_format import Card
from workers.bundle.checks.accuracy import SplitName, check_accuracy, check_dataset
from workers.bundle.checks.files import check_export, check_files
from workers.bundle.checks.latency import Measure, check_latency
from workers.bundle.checks.network import check_cost, check_outputs
from workers.bundle.checks.report import BROKEN, Check, Report, guarded, reason
from workers.bundle.packed import check_packed
from workers.data import DataSet, load_dataset
from workers.data.load import Around
from workers.data.sources import UnknownUploadError, no_uploads


@dataclass(frozen=True, slots=True)
class Means:
    """What checking takes: the folders where data sets may lie, and a way to time a file."""

    data_roots: Sequence[Path]
    measure: Measure
    cache_dir: Path | None = None
    """Where decoded data sets are kept."""
    uploaded: Path | None = None
    """The file that stands for an uploaded data set, which only its service can find by its id."""

    def find_upload(self, dataset_id: str) -> Path:
        """See `FindUpload`."""
        return self.uploaded or no_uploads(dataset_id)


def check_bundle(bundle: Path, means: Means) -> Report:
    """Check everything that the bundle states. Whatever is broken about it stands in the report."""
    return Report(str(bundle), tuple(_checks(bundle, means)))


def _checks(bundle: Path, means: Means) -> Iterator[Check]:
    yield guarded("files", check_files, bundle)
    try:
        card = Card.model_validate_json((bundle / "card.json").read_bytes())
    except BROKEN as error:
        yield Check("card", False, f"card.json cannot be read: {reason(error)}")
        return
    yield guarded("cost", check_cost, bundle, card)
    for file in card.files:
        yield guarded(file.name, check_export, bundle, file)
    if card.packed is not None:
        yield guarded(PACKED_FILE, check_packed, bundle, card)
    data: DataSet | None = None
    try:
        data = load_dataset(card.dataset.spec, means.data_roots, means.cache_dir, around=Around(means.find_upload))
    except UnknownUploadError as error:
        yield Check("data set", None, error.detail)
    except BROKEN as error:
        yield Check("data set", False, f"{card.dataset.spec.name} cannot be loaded: {reason(error)}")
    for file in card.files:
        yield guarded(f"outputs, {file.name}", check_outputs, bundle, (file, card.dataset), data)
    if data is not None:
        yield from _accuracy_checks(bundle, card, data)
    for number, latency in enumerate(card.latencies):
        name = f"latency on target {number}"
        yield guarded(name, check_latency, name, latency, bundle / latency.file_name, means.measure)


def _accuracy_checks(bundle: Path, card: Card, data: DataSet) -> Iterator[Check]:
    """Accuracies mean something only on the data set that they are stated for."""
    same = check_dataset(data, card.dataset)
    yield same
    if same.agrees:
        for file in card.files:
            for split in get_args(SplitName):
                yield guarded(f"{split} accuracy, {file.name}", check_accuracy, split, file, data, bundle)
