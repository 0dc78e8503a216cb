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


PENALTIES = (0.05, 0.1, 0.2, 0.4)
"""Of self-compression: the curve of size against accuracy."""


def self_compressing(penalty: float) -> Technique:
    """Four times as long as the plain training: most of it passes until the bits have come down."""
    quick = {"penalty": penalty, "epochs": 4}
    return Technique(
        ({"self-compress": {"penalty": penalty, "epochs": 48}},), work=8, quick=({"self-compress": quick},)
    )


def int8(**options: object) -> Technique:
    """After training, in one of its ways."""
    return Technique(({"quantize-int8": options},), ModelFormat.ONNX_INT8)


TECHNIQUES: dict[str, Technique] = {
    "prune-channels": Technique(("prune-channels",)),
    "prune-channels-l1": Technique(({"prune-channels": {"importance": "l1"}},)),
    "prune-weights": Technique(("prune-weights",)),
    "prune-weights-2of4": Technique(({"prune-weights": {"pattern": "2:4"}},)),
    "lottery-ticket": Technique(
        ("lottery-ticket",), work=5, quick=({"lottery-ticket": {"rounds": 1, "rewind_epochs": 1}},)
    ),
    "early-exit": Technique(("early-exit",)),
    "low-rank": Technique(({"low-rank": {"energy": 0.9}},)),
    "low-rank-by-latency": Technique(({"low-rank": {"rank_by": "latency"}},), work=1.5),
    "quantize-int8": int8(),
    "quantize-int8-min-max": int8(calibration="min-max", tolerance=None, fp32_layers="none"),
    "quantize-int8-percentile": int8(calibration="percentile", tolerance=None, fp32_layers="none"),
    "quantize-int8-mse": int8(calibration="mse", tolerance=None, fp32_layers="none"),
    "quantize-aware": Technique(("quantize-aware",), ModelFormat.ONNX_INT8, work=2),
    "quantize-weights-8": Technique(("quantize-weights",)),
    "quantize-weights-4": Technique(({"quantize-weights": {"bits": 4}},)),
    **{f"self-compress-{penalty}": self_compressing(penalty) for penalty in PENALTIES},
    "low-rank-prune-int8": Technique(("low-rank", "prune-channels", "quantize-int8"), ModelFormat.ONNX_INT8, work=2),
}
"""By the name that `--only` takes."""
