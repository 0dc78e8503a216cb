"""An uploaded data set: what is remembered of it, and what was found in it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class DatasetFormat(StrEnum):
    """How an uploaded file holds its images."""

    FOLDERS = "folders"
    """A zip with a folder of image files for each class."""
    NPZ = "npz"
    """NumPy arrays."""


class ClassImages(BaseModel):
    """How many images a class has in each part; what is not set aside by the set itself counts as `train`."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    name: str
    train: int
    validation: int
    test: int


class UploadFacts(BaseModel):
    """What the inspection of an uploaded file found: every image was decoded once."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    format: DatasetFormat
    classes: tuple[ClassImages, ...]
    image_count: int
    channels: int
    """1 (all images are grey) or 3."""
    min_width: int
    """Pixels, as the next three. Where sizes differ, a search must set `dataset.image_size`."""
    max_width: int
    min_height: int
    max_height: int

    @property
    def has_one_size(self) -> bool:
        """Whether all images have the same width and height."""
        return (self.min_width, self.min_height) == (self.max_width, self.max_height)


@dataclass(frozen=True, slots=True)
class UploadedDataset:
    """A tenant's data set; its file is the artifact `sha256`."""

    id: str
    tenant: str
    name: str
    """For people; searches name the id."""
    sha256: str
    size_bytes: int
    facts: UploadFacts
    created_at: datetime
