"""A latency predictor as the service remembers it: of which networks, on which target, how good, and born where."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from nas_service.domain.entities import JsonDict, Search
from nas_service.domain.spec import ChoiceValue, TargetSpec


@dataclass(frozen=True, slots=True)
class Subject:
    """The networks that latencies are predicted for: a space under one preset, for images of one form."""

    space: str
    preset: str
    channels: int
    class_count: int
    height: int
    width: int

    @classmethod
    def of(cls, search: Search) -> Self:
        """Those of a prepared search, whatever it restricts them to."""
        if search.dataset is None or search.space is None:
            raise ValueError(f"search {search.id} is not prepared")
        data, space = search.dataset, search.space
        return cls(space.name, space.preset, data.channels, len(data.classes), data.height, data.width)

    @property
    def key(self) -> str:
        """One string for one subject."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


class Origin(StrEnum):
    """Where a predictor comes from."""

    MEASURED = "measured"
    TRANSFERRED = "transferred"
    """Another target's predictor, corrected by few measurements on this one."""
    IMPORTED = "imported"
    """A published table; this service has measured nothing of it."""


@dataclass(frozen=True, slots=True)
class Birthplace:
    """What the measurements were taken with: latencies of another runtime or device are other latencies."""

    device_id: str
    versions: dict[str, str]
    """Of the runtime's libraries."""


@dataclass(frozen=True, slots=True)
class Timed:
    """One network's latency on a target, as a predictor is fitted on."""

    architecture: dict[str, ChoiceValue]
    median_ms: float
    relative_error: float
    """Half-width of the median's 95 % interval over the median; infinite where it has none."""
    birthplace: Birthplace
    reference_ms: float | None = None
    """The host's baseline that median_ms is told in; None: as it was taken."""

    def told_in(self, reference_ms: float | None) -> Self:
        """In another baseline of the same host."""
        if self.reference_ms is None or reference_ms is None:
            return self
        return replace(self, median_ms=self.median_ms * reference_ms / self.reference_ms, reference_ms=reference_ms)


@dataclass(frozen=True, slots=True)
class Predictor:
    """What is known of one; its model is kept beside it, for it is large."""

    id: str
    tenant: str
    subject: Subject
    target: TargetSpec
    origin: Origin
    birthplace: Birthplace | None
    """None: imported."""
    measured_count: int
    """Networks that it was fitted on."""
    report: JsonDict
    """How well it predicts networks that it was not fitted on; empty where nothing was measured."""
    created_at: datetime
