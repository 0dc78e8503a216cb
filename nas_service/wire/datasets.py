"""Data sets on the wire: those that were uploaded, and those that searches have read."""

from datetime import datetime

from pydantic import Field

from nas_service.domain.datasets import UploadFacts
from nas_service.wire.base import Document
from nas_service.wire.searches import DatasetInfo


class UploadInfo(Document):
    """An uploaded data set."""

    id: str = Field(examples=["dataset-3f2a9c1b7d4e"])
    """What a spec's `dataset.name` names."""
    name: str
    sha256: str
    """Of the file as it was sent."""
    size_bytes: int
    facts: UploadFacts
    created_at: datetime


class DatasetPage(Document):
    """Uploaded data sets, newest first."""

    items: tuple[UploadInfo, ...]
    next_cursor: str | None
    """Of the page that follows; None: this is the last one."""
    read: tuple[DatasetInfo, ...] = ()
    """What your searches have read, uploaded or not, each content once. On the first page only."""
