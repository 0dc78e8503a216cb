"""The techniques that `compression.py` compares: each is a recipe, applied to the same trained network."""

from dataclasses import dataclass, field

from nas_service.domain.formats import ModelFormat
from nas_service.domain.spec import RecipeEntry

PLAIN = "plain"


@dataclass(frozen=True)
class Technique:
    """A recipe, and the file that is judged and timed."""

    recipe: tuple[RecipeEntry, ...]
    format: ModelFormat = ModelFormat.ONNX
    work: float = 1.0
    """Trainings of the plain network that it takes, roughly: the longest is begun first."""
    quick: tuple[RecipeEntry, ...] | None = field(default=None)
    """The recipe of `--quick`, where its own takes too long."""


TECHNIQUES: dict[str, Technique] = {
    "prune-channels": Technique(("prune-channels",)),
    "prune-channels-l1": Technique(({"prune-channels": {"importance": "l1"}},)),
    "prune-weights": Technique(("prune-weights",)),
    "prune-weights-2of4": Technique(({"prune-weights": {"pattern": "2:4"}},)),
    "lottery-ticket": Technique(
        ("lottery-ticket",), work=5, quick=({"lottery-ticket": {"rounds": 1, "rewind_epochs": 1}},)
    ),
    "low-rank": Technique(({"low-rank": {"energy": 0.9}},)),
    "low-rank-by-latency": Technique(({"low-rank": {"rank_by": "latency"}},), work=1.5),
    "low-rank-prune-int8": Technique(("low-rank", "prune-channels", "quantize-int8"), ModelFormat.ONNX_INT8, work=2),
}
"""By the name that `--only` takes."""
