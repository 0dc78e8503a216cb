"""What a spec may name, on the wire: spaces, recipes, devices and targets."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from nas_service.domain.formats import ModelFormat, PrecisionName, RuntimeName
from nas_service.domain.recipe_step import Place
from nas_service.domain.spec import ChoiceValue
from nas_service.wire.base import Document


class ConditionInfo(Document):
    """When a choice has an effect."""

    choice: str
    values: tuple[ChoiceValue, ...]


class ChoiceInfo(Document):
    """One thing that varies."""

    name: str
    options: tuple[ChoiceValue, ...]
    ordinal: bool
    """Whether the options have an order."""
    when: ConditionInfo | None
    """The condition under which it has an effect; None: always."""
    doc: str


class SpaceSummary(Document):
    """A search space as it stands in the list."""

    name: str = Field(examples=["mobilenet"])
    presets: tuple[str, ...]
    failure: str | None = None
    """Why it cannot be used: its folder is there, but broken."""


class SpaceList(Document):
    """Every registered search space."""

    items: tuple[SpaceSummary, ...]


class SpaceDetail(SpaceSummary):
    """A search space under one preset."""

    preset: str
    choices: tuple[ChoiceInfo, ...]
    optional_choices: tuple[ChoiceInfo, ...] = ()
    """Those that a search has only where its spec names them; without one, networks have its first option."""
    size: str
    """The exact number of distinct networks; a string, for it can exceed 2**53."""
    json_schema: dict[str, Any]
    """What an architecture's values must satisfy."""


class CompressionInfo(Document):
    """What is known of a compression step before it is made."""

    after: tuple[str, ...]
    """Steps that come before it, where the recipe names them."""
    is_last: bool
    """Whether no other compression step can follow."""
    formats: tuple[ModelFormat, ...]
    """The files that have what it gives."""
    precision: PrecisionName | None
    """At which precision targets execute its network in place of their own; None: at their own."""
    largest_batch: int | None = None
    """Images a call up to which what it gives is of use; None: any number."""
    options: dict[str, Any]
    """The JSON Schema of what a recipe may say of it."""


class RecipeStepInfo(Document):
    """A named step that changes how networks are trained, or compresses those that were."""

    name: str
    kind: Literal["training", "compression", "ladder"]
    """A ladder tries several compressions."""
    summary: str
    places: tuple[Place, ...]
    """Where a spec may name it: `training.recipe`, `finalize.recipe` or both."""
    needs: tuple[str, ...]
    """Steps that must stand in the same recipe."""
    excludes: tuple[str, ...]
    """Steps that must not."""
    compression: CompressionInfo | None
    """None for any other kind."""
    rungs: tuple[tuple[str, ...], ...] = ()
    """Of a ladder, the compressions that it tries."""


class RecipeList(Document):
    """Every step that a recipe may name."""

    items: tuple[RecipeStepInfo, ...]


class NoiseInfo(Document):
    """How steady a device's timings were of late."""

    measurement_count: int
    """The last ones, up to 100."""
    noisy_share: float
    """Of those that missed the precision asked for."""
    half_width_ratio: float | None
    """The median of their precisions: half of a 95 % interval as a share of the latency. None where none is known."""
    last_at: datetime


class NoiseHistory(NoiseInfo):
    """The same, timing by timing."""

    history: tuple[float, ...]
    """Their precisions where they are known, oldest first: halves of 95 % intervals as shares of the latency."""


class DeviceInfo(Document):
    """A piece of hardware that workers have connected."""

    id: str
    name: str
    """What a target's `device` names."""
    live: bool
    """Whether a worker on it was heard of lately."""
    seen_s_ago: float
    description: dict[str, Any]
    """Processor, cores, instruction sets, memory, system and runtimes: versions, or why one is not available."""
    noise: NoiseHistory | None
    """None where nothing was timed on it yet."""


class DeviceList(Document):
    """Every device ever connected."""

    items: tuple[DeviceInfo, ...]


class TargetInfo(Document):
    """A device with a runtime and precision, as a spec's `targets` may name them; threads and batch size are free."""

    device: str
    runtime: RuntimeName
    precision: PrecisionName
    available: bool
    """Whether it can be timed on now. A search may name one that is not: its timings wait until it is."""
    reason: str | None
    """Why it is not available, and the command that mends it."""
    seen_s_ago: float | None
    """None: no worker on this device was ever heard of."""
    noise: NoiseInfo | None
    """Of the device, in all runtimes."""


class TargetList(Document):
    """Every target on known devices, available or not."""

    items: tuple[TargetInfo, ...]
