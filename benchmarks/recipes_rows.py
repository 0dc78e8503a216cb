"""The rows of `recipes.py`: ways to train a network or to compress a trained one, each beside its plain network."""

from dataclasses import dataclass
from typing import Any

from nas_service.domain.formats import ModelFormat
from nas_service.domain.recipe import apply_recipe
from nas_service.domain.spec import RecipeEntry, TrainingSpec

BOTH = (ModelFormat.ONNX, ModelFormat.ONNX_INT8)
INT8 = (ModelFormat.ONNX_INT8,)
FP32 = (ModelFormat.ONNX,)
PLAIN, SMALL_PLAIN, CPU_PLAIN = PLAINS = "plain", "small: plain", "small, on the CPU: plain"
"""What the others are held against."""
TEACHER_SEEDS = (0, 1, 2)
"""Of the plain networks that teach."""


@dataclass(frozen=True)
class Network:
    """An architecture of the `mobilenet` space, all of whose stages are alike but for `kinds`."""

    whole: dict[str, Any]
    stage: dict[str, Any]
    kinds: tuple[str, ...]
    epochs: int = 12

    @property
    def choices(self) -> dict[str, Any]:
        found = {**self.whole, "stages": len(self.kinds), "depth_multiplier": 1.0}
        for number, kind in enumerate(self.kinds, 1):
            own = {"kind": kind, "activation": "relu", "squeeze_excite": False, **self.stage}
            own |= {"fused_kernel": 3} if kind == "fused" else {"kernel": 3}
            own |= {} if number == 3 else {"downsample": "stride"}
            found |= {f"stage{number}_{name}": value for name, value in own.items()}
        return found


SMALL_WHOLE = {"resolution": 24, "width_multiplier": 0.5, "stem_width": 8, "head_width": 128}
NETWORKS = {
    "medium": Network(
        {"resolution": 32, "width_multiplier": 1.0, "stem_width": 16, "head_width": 128},
        {"depth": 2, "expansion": 3},
        ("fused", "fused", "fused", "inverted"),
    ),
    "small": Network(SMALL_WHOLE, {"depth": 1, "expansion": 2}, ("inverted",) * 3),
    "deep": Network(SMALL_WHOLE, {"depth": 3, "expansion": 2}, ("inverted",) * 3),
    "shared": Network(SMALL_WHOLE, {"depth": 3, "expansion": 2, "share": True}, ("inverted",) * 3),
}
"""By name: `medium` is compressed, and teaches; `small` is trained in many ways. The others are `small` with more
blocks."""


@dataclass(frozen=True)
class Row:
    """One technique. What is deployed of it is the first of its `formats`; everything is held against `beside`."""

    technique: str
    """The heading that it stands under."""
    network: str = "medium"
    training: tuple[RecipeEntry, ...] = ()
    precision: str = "fp32"
    teachers: int = 0
    compression: tuple[RecipeEntry, ...] = ()
    """Steps for the plain network of the same seed, once it is trained."""
    formats: tuple[ModelFormat, ...] = BOTH
    work: float = 1.0
    """Trainings of the plain network that it takes, roughly: the longest is begun first."""
    device: str | None = None
    """Where networks are trained; None where `--device` is to say it."""
    seeds: int = 1
    """Times as many seeds as other rows, where a small difference is to be told from noise."""
    quick: tuple[RecipeEntry, ...] | None = None
    """The compression of `--quick`, where its own takes too long."""
    is_unfused: bool = False
    """The plain network with every operator on its own, as it would be executed if nothing were folded or fused."""

    @property
    def begins_trained(self) -> bool:
        """With the plain network of the same seed; otherwise a network is trained anew."""
        return bool(self.compression) or self.is_unfused

    @property
    def beside(self) -> str:
        if self.network == "medium":
            return PLAIN
        return CPU_PLAIN if self.device == "cpu" else SMALL_PLAIN

    def config(self, quick: bool) -> TrainingSpec:
        """SGD with a cosine and random crops, changed by the row's training steps."""
        epochs = 2 if quick else NETWORKS[self.network].epochs
        plain = TrainingSpec(epochs=epochs, augment=("crop",), precision=self.precision)
        return apply_recipe(plain, self.training)


def small(technique: str, *training: str, **more: Any) -> Row:
    """The smallest network, trained by these steps."""
    return Row(technique, "small", training, **more)


def faster(*training: str) -> Row:
    """What saves arithmetic is shown on the CPU: an accelerator spends such a training on launches."""
    return Row("accelerating training", "small", training, device="cpu", work=2)


def step(technique: str, name: str, formats: tuple[ModelFormat, ...] = BOTH, work: float = 1.0, **options: Any) -> Row:
    """The plain network after one compression step."""
    return Row(technique, compression=({name: options},), formats=formats, work=work)


def int8(calibration: str) -> Row:
    """All layers in int8 after training, by one way to calibrate."""
    options = {"calibration": calibration, "tolerance": None, "fp32_layers": "none"}
    return step("quantization", "quantize-int8", INT8, 0.5, **options)


def self_compress(penalty: float) -> Row:
    """At one price of a bit."""
    own = {"penalty": penalty}
    quick = ({"self-compress": own | {"epochs": 3}},)
    return Row("self-compression", compression=({"self-compress": own},), work=5, quick=quick)


DISTILLATION, FLAT = "distillation", "flat minima"
ROWS: dict[str, Row] = {
    PLAIN: Row("plain"),
    SMALL_PLAIN: small("plain", seeds=2),
    CPU_PLAIN: faster(),
    "distill": small(DISTILLATION, "distill", teachers=1, work=2, seeds=2),
    "distill-features": small(DISTILLATION, "distill-features", teachers=1, work=2),
    "distill, logits and features": small(DISTILLATION, "distill", "distill-features", teachers=1, work=2),
    "distill, ensemble": small(DISTILLATION, "distill", teachers=3, work=3),
    "bf16": Row("mixed precision training", precision="bf16"),
    "fp16": Row("mixed precision training", precision="fp16"),
    "precision auto": Row("mixed precision training", precision="auto"),
    "prune-channels": step("structured pruning", "prune-channels"),
    "prune-channels, L1": step("structured pruning", "prune-channels", importance="l1"),
    "prune-weights, 80 %": step("unstructured and N:M pruning", "prune-weights"),
    "prune-weights, 2:4": step("unstructured and N:M pruning", "prune-weights", pattern="2:4"),
    "lottery-ticket": Row(
        "lottery ticket",
        compression=("lottery-ticket",),
        work=5,
        quick=({"lottery-ticket": {"rounds": 1, "rewind_epochs": 1}},),
    ),
    "quantize-int8": step("quantization", "quantize-int8", INT8),
    "quantize-int8, all, min-max": int8("min-max"),
    "quantize-int8, all, percentile": int8("percentile"),
    "quantize-int8, all, MSE": int8("mse"),
    "quantize-aware": step("quantization", "quantize-aware", INT8, 2),
    "quantize-weights, 8 bits": step("quantization", "quantize-weights", FP32, 0.5),
    "quantize-weights, 4 bits": step("quantization", "quantize-weights", FP32, 0.5, bits=4),
    **{f"self-compress, {penalty}": self_compress(penalty) for penalty in (0.05, 0.2)},
    "sam": small(FLAT, "sam", work=2, seeds=2),
    "asam": small(FLAT, "asam", work=2),
    "looksam": small(FLAT, "looksam"),
    "swa": small(FLAT, "swa"),
    "ema": small(FLAT, "ema"),
    "low-rank": step("tensor decomposition", "low-rank", energy=0.9, work=2),
    "3 blocks a stage": Row("parameter sharing", "deep", work=3),
    "3 blocks a stage, shared": Row("parameter sharing", "shared", work=3),
    "early-exit": step("skipping computation", "early-exit", FP32),
    "progressive-resizing": faster("progressive-resizing"),
    "freeze-early-layers": faster("freeze-early-layers"),
    "early-stopping": faster("early-stopping"),
    "nothing folded, nothing fused": Row("folding and fusing", formats=FP32, work=0.5, is_unfused=True),
    "low-rank, prune, int8": Row(
        "several", compression=("low-rank", "prune-channels", "quantize-int8"), formats=INT8, work=3
    ),
}
"""By the name that `--rows` takes."""
