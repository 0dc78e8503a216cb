"""What is learned, and which architectures may be proposed."""

from typing import Annotated

from pydantic import Field

from nas_service.domain.spec.model import SpecModel

ChoiceValue = bool | int | float | str


class DatasetSpec(SpecModel):
    """Which images to learn, and how they are split."""

    name: str = Field(examples=["digits", "imagefolder:photos", "npz:images.npz", "hf:cifar10", "dataset-3f2a9c1b7d4e"])
    """`digits`, `imagefolder:PATH`, `npz:PATH`, `hf:NAME`, or the id of an uploaded set."""
    validation_fraction: Annotated[float, Field(gt=0, lt=0.5)] = 0.15
    """Share of the samples that the search selects on, unless the set names its own split."""
    test_fraction: Annotated[float, Field(gt=0, lt=0.5)] = 0.15
    """Share of the samples touched once, for finalized candidates only."""
    split_seed: Annotated[int, Field(ge=0)] = 0
    """Seed of the stratified split."""
    image_size: Annotated[int, Field(ge=8, le=1024)] | None = None
    """Images are resized (short side, then centre crop) to this many pixels; by default their own size is kept,
    which must then be the same for all."""


class SpaceSpec(SpecModel):
    """Which architectures may be proposed."""

    name: str = "mobilenet"
    """A registered search space."""
    preset: str = "auto"
    """Named ranges for an image size; `auto` picks by the data set's image size."""
    choices: dict[str, list[ChoiceValue]] = Field(default_factory=dict)
    """Restrictions and extensions: choice name to the options allowed."""
