"""What a recipe is made of: steps that change a training, and steps that compress what was trained."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from nas_service.domain.formats import ModelFormat, PrecisionName
from nas_service.domain.spec import SpecModel, TrainingSpec

Place = Literal["training", "finalize"]
"""The part of a search spec that names the step: `training` for every candidate, `finalize` for the front."""

EVERYWHERE: frozenset[Place] = frozenset({"training", "finalize"})
FINALIZE: frozenset[Place] = frozenset({"finalize"})
ALL_FORMATS = frozenset(ModelFormat)


class NoOptions(SpecModel):
    """Of a step that has nothing to choose."""


@dataclass(frozen=True, slots=True)
class RecipeStep:
    """One named change of the training. `needs` and `excludes` name other steps of the same recipe."""

    name: str
    summary: str
    apply: Callable[[TrainingSpec], TrainingSpec]
    places: frozenset[Place] = EVERYWHERE
    needs: frozenset[str] = frozenset()
    excludes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CompressionStep:
    """One named change of a trained network; `workers.compression.registry` has the function that makes it.

    Compression steps are applied in the order of the recipe, after the training that its other steps change.
    """

    name: str
    summary: str
    options: type[SpecModel] = NoOptions
    """What a recipe may say of it; every field has a good default."""
    places: frozenset[Place] = FINALIZE
    needs: frozenset[str] = frozenset()
    excludes: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()
    """Steps that come before it, where the recipe names them."""
    is_last: bool = False
    """Whether no step can follow: what it gives can be executed, but not changed any more."""
    formats: frozenset[ModelFormat] = ALL_FORMATS
    """The files that have what it gives; every target must execute one of them."""
    precision: PrecisionName | None = None
    """At which precision targets execute its network in place of their own."""
    largest_batch: int | None = None
    """Images a call up to which what it gives is of use; None: any number."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """Several compressions of each finished network, tried one after the other as long as there is time."""

    name: str
    summary: str
    rungs: tuple[tuple[str, ...], ...]
    """Recipes of compression steps, each with its default options; those that the targets cannot execute are left
    out."""
    places: frozenset[Place] = FINALIZE
    needs: frozenset[str] = frozenset()
    excludes: frozenset[str] = frozenset()


Step = RecipeStep | CompressionStep | Ladder


def registry(*steps: Step) -> Mapping[str, Step]:
    """Steps by name, read-only, in the order given."""
    return MappingProxyType({step.name: step for step in steps})
