"""An uploaded data set, as the store remembers it."""

from datetime import UTC, datetime

from nas_service.domain.datasets import ClassImages, DatasetFormat, UploadedDataset, UploadFacts

FACTS = UploadFacts(
    format=DatasetFormat.FOLDERS,
    classes=(ClassImages(name="cat", train=3, validation=0, test=0),),
    image_count=3,
    channels=3,
    min_width=8,
    max_width=9,
    min_height=8,
    max_height=8,
)
PETS = UploadedDataset("dataset-0", "default", "pets", "a" * 64, 100, FACTS, datetime(2026, 1, 1, tzinfo=UTC))
