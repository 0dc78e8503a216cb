"""Latency predictors on the wire."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from nas_service.domain.predictors import Origin
from nas_service.domain.spec import BudgetSpec, DatasetSpec, SpaceSpec, SpecModel, TargetSpec
from nas_service.wire.base import Document


class SubjectInfo(Document):
    """The networks that are predicted: a space under one preset, for images of one form."""

    space: str = Field(examples=["mobilenet"])
    preset: str
    channels: int
    class_count: int
    height: int
    width: int


class FigureInfo(Document):
    """A figure with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


class ErrorsInfo(Document):
    """How far predictions were off, of networks that the predictor was not fitted on. Fractions of 1."""

    count: int
    mape: FigureInfo
    """Mean of |predicted - measured| / measured."""
    within_5_percent: FigureInfo
    within_10_percent: FigureInfo
    spearman: FigureInfo


class PredictorInfo(Document):
    """A latency predictor."""

    id: str = Field(examples=["predictor-3f2a9c1b7d4e"])
    subject: SubjectInfo
    target: TargetSpec
    origin: Origin
    valid: bool
    """Whether searches use it."""
    outdated: str | None
    """Why they do not: the device or its runtime is another one now."""
    measured_count: int
    """Networks that it was fitted on."""
    method: str | None
    """The kind of model that had the smallest cross-validated error."""
    errors: ErrorsInfo | None
    """By cross-validation; None where nothing was measured."""
    mape_of_methods: dict[str, float]
    """The cross-validated error of each kind of model that was tried."""
    age_s: float
    created_at: datetime


class PredictorPage(Document):
    """Latency predictors, newest first."""

    items: tuple[PredictorInfo, ...]
    next_cursor: str | None
    """Of the page that follows; None: this is the last one."""


class PredictorFigures(Document):
    """Predicted against measured: each network was predicted by a model that was fitted without it."""

    measured_ms: tuple[float, ...]
    predicted_ms: tuple[float, ...]


class ProfileRequest(SpecModel):
    """Measure networks of a space on a target, and make a predictor of what was found."""

    space: SpaceSpec = SpaceSpec()
    dataset: DatasetSpec
    """Its shape counts: `noise:32x32x3x10` is random pixels, 32 high, 32 wide, 3 channels, 10 classes."""
    target: TargetSpec = TargetSpec()
    budget: BudgetSpec = BudgetSpec(minutes=15, predictor_mape=0.03)
    """By default 15 minutes, or less where predictions are surely within 3 % in the mean before."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0


class TableImport(SpecModel):
    """A published latency table, in the format of Once-for-All's."""

    space: str = Field(default="ofa_mobilenetv3", examples=["ofa_mobilenetv3"])
    preset: str = Field(examples=["w1.2"])
    target: TargetSpec
    """What the table was measured on. Its device need not be connected."""
    channels: Annotated[int, Field(ge=1, le=16)] = 3
    class_count: Annotated[int, Field(ge=1, le=100_000)] = 1000
    tables: Annotated[dict[int, dict[str, Any]], Field(min_length=1, max_length=64)]
    """Resolution to entries: block to a time in ms, or to an object with a `mean` in ms."""

    @model_validator(mode="after")
    def _resolutions_are_sides(self) -> Self:
        if bad := [resolution for resolution in self.tables if not 8 <= resolution <= 1024]:
            raise ValueError(f"tables: {bad[0]} is no image side from 8 to 1024 pixels")
        return self
