"""When a search ends."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from nas_service.domain.spec.model import SpecModel


class SettledSpec(SpecModel):
    """The search phase ends once the front has hardly grown for a while."""

    candidates: Annotated[int, Field(ge=2, le=10_000)] = 20
    """The last so many completed candidates count; there must be as many before them."""
    gain: Annotated[float, Field(gt=0, lt=1)] = 0.01
    """It ends when less than this share of the front's hypervolume came with them."""


class BudgetSpec(SpecModel):
    """When the search phase ends: whichever bound is reached first."""

    candidates: Annotated[int, Field(ge=1, le=100_000)] | None = None
    minutes: Annotated[float, Field(gt=0, le=60 * 24 * 30)] | None = None
    settled: SettledSpec | None = None
    """End it earlier where hypervolume has settled; by default it goes on."""
    predictor_mape: Annotated[float, Field(gt=0, lt=1)] | None = None
    """End a profile (evaluator `untrained`) earlier, once its predictors' mean relative error on networks that they
    were not fitted on is at most this, with its 95 % interval; by default it goes on."""
    parallelism: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Candidates in flight at once; by default as many as training workers can take."""

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.candidates is None and self.minutes is None:
            object.__setattr__(self, "candidates", 50)
        return self
