"""Recipes: named steps that change how a network is trained, or that compress it, as data to list and check.

The steps that there are stand in `STEPS`, which `GET /v1/recipes` lists. A training step is a pure change of a
`TrainingSpec`, and the training loop knows nothing of recipes; a compression step has its function in
`workers.compression.registry`. A submitted search is checked with `check_recipe`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from nas_service.domain.compression.early_exit import EarlyExitOptions
from nas_service.domain.compression.lottery_ticket import LotteryTicketOptions
from nas_service.domain.compression.low_rank import LowRankOptions
from nas_service.domain.compression.prune_channels import PruneChannelsOptions
from nas_service.domain.compression.prune_weights import PruneWeightsOptions
from nas_service.domain.compression.quantize_aware import QuantizeAwareOptions
from nas_service.domain.compression.quantize_int8 import QuantizeInt8Options
from nas_service.domain.compression.quantize_weights import QuantizeWeightsOptions
from nas_service.domain.compression.self_compress import SelfCompressOptions
from nas_service.domain.errors import FieldProblem
from nas_service.domain.formats import ModelFormat
from nas_service.domain.recipe_check import Recipe, name_of, options_of
from nas_service.domain.recipe_step import FINALIZE, CompressionStep, Ladder, Place, RecipeStep, Step, registry
from nas_service.domain.spec import AugmentName, RecipeEntry, SpecModel, TargetSpec, TrainingSpec

FP32_FORMATS = frozenset(form for form in ModelFormat if not form.is_quantized)


def _with(**changes: object) -> Callable[[TrainingSpec], TrainingSpec]:
    return lambda spec: spec.model_copy(update=changes)


def _augment(name: AugmentName) -> Callable[[TrainingSpec], TrainingSpec]:
    def apply(spec: TrainingSpec) -> TrainingSpec:
        if name in spec.augment:
            return spec
        return spec.model_copy(update={"augment": (*spec.augment, name)})

    return apply


def _distill(**changes: float) -> Callable[[TrainingSpec], TrainingSpec]:
    return lambda spec: spec.model_copy(update={"distill": spec.distill.model_copy(update=changes)})


def _three_times_the_epochs(spec: TrainingSpec) -> TrainingSpec:
    return spec.model_copy(update={"epochs": 3 * spec.epochs})


CHANGES_SHAPES = frozenset({"low-rank", "prune-channels"})
LOSES_ZEROS = frozenset({"quantize-aware", "self-compress"})
"""They train without masks, so that weights which were zero would not stay so."""

STEPS = registry(
    RecipeStep("crop", "Shift each image by up to an eighth of its side.", _augment("crop")),
    RecipeStep("flip", "Mirror half of the images, where left and right mean the same.", _augment("flip")),
    RecipeStep("cutout", "Blank a random square of each image (DeVries & Taylor, 2017).", _augment("cutout")),
    RecipeStep("mixup", "Blend pairs of images and their labels (Zhang et al., 2018).", _augment("mixup")),
    RecipeStep(
        "label-smoothing",
        "Spread a tenth of each target over all classes (Szegedy et al., 2016).",
        _with(label_smoothing=0.1),
    ),
    RecipeStep("ema", "Deploy a moving average of the weights instead of the last ones.", _with(ema_decay=0.999)),
    RecipeStep(
        "sam",
        "Seek flat minima: sharpness-aware minimization (Foret et al., 2021), at twice the time a step.",
        _with(sam_rho=0.05),
        excludes=frozenset({"asam"}),
    ),
    RecipeStep(
        "asam",
        "Seek flat minima whatever the scale of the weights (Kwon et al., 2021), at twice the time a step.",
        _with(sam_rho=0.5, sam_adaptive=True),
        excludes=frozenset({"sam"}),
    ),
    RecipeStep(
        "looksam",
        "Seek flat minima at a fifth of SAM's extra time: its second pass every fifth step (Liu et al., 2022).",
        _with(sam_rho=0.05, sam_period=5),
        excludes=frozenset({"sam", "asam"}),
    ),
    RecipeStep(
        "swa",
        "Deploy the mean of the weights over the last quarter, at a constant rate (Izmailov et al., 2018).",
        _with(swa_fraction=0.25),
        excludes=frozenset({"ema"}),
    ),
    RecipeStep(
        "distill",
        "Learn from teachers' probabilities besides labels (Hinton et al., 2015); see `training.distill`.",
        _distill(weight=0.9),
    ),
    RecipeStep(
        "distill-features",
        "Learn where teachers look: their attention maps (Zagoruyko & Komodakis, 2017); see `training.distill`.",
        _distill(attention=10.0),
    ),
    RecipeStep(
        "progressive-resizing",
        "Train on images of half the side first, growing to full ones for the last third (Howard, 2018).",
        _with(begin_size=0.5),
    ),
    RecipeStep(
        "freeze-early-layers",
        "Leave the first half of the layers as they are in the last half of the training, which saves their time.",
        _with(freeze_layers=0.5, freeze_from=0.5),
    ),
    RecipeStep(
        "early-stopping",
        "End a training after five epochs without a better validation accuracy (Prechelt, 1998).",
        _with(patience=5),
    ),
    RecipeStep("gradient-clip", "Limit the norm of each step's gradient to 1.", _with(gradient_clip=1.0)),
    RecipeStep(
        "train-longer",
        "Train for three times the epochs.",
        _three_times_the_epochs,
        places=FINALIZE,
    ),
    CompressionStep(
        "low-rank",
        "Factorise the layers that get faster by it (singular values; Tucker-2 for k x k: Kim et al., 2016).",
        options=LowRankOptions,
    ),
    CompressionStep(
        "lottery-ticket",
        "Train a sparse network from its own beginning, beside a random one as sparse (Frankle & Carbin, 2019).",
        options=LotteryTicketOptions,
        excludes=LOSES_ZEROS | {"prune-weights"},
        after=CHANGES_SHAPES,
    ),
    CompressionStep(
        "prune-channels",
        "Remove the channels that matter least, for a smaller dense network (Molchanov et al., 2019).",
        options=PruneChannelsOptions,
    ),
    CompressionStep(
        "prune-weights",
        "Make the smallest weights zero, gradually (Zhu & Gupta, 2017): a smaller download, no faster on a CPU.",
        options=PruneWeightsOptions,
        excludes=LOSES_ZEROS,
        after=CHANGES_SHAPES,
    ),
    CompressionStep(
        "quantize-int8",
        "Execute the network in int8: weights and activations quantized after training, on training images.",
        options=QuantizeInt8Options,
        is_last=True,
        formats=frozenset({ModelFormat.ONNX_INT8}),
        precision="int8",
    ),
    CompressionStep(
        "quantize-aware",
        "Execute the network in int8, trained with its rounding (Jacob et al., 2018).",
        options=QuantizeAwareOptions,
        excludes=frozenset({"quantize-int8"}),
        is_last=True,
        formats=frozenset({ModelFormat.ONNX_INT8}),
        precision="int8",
    ),
    CompressionStep(
        "quantize-weights",
        "Store weights in 8 or 4 bits, for smaller files; what computes with them is still fp32.",
        options=QuantizeWeightsOptions,
        is_last=True,
        formats=FP32_FORMATS,
    ),
    CompressionStep(
        "self-compress",
        "Learn how many bits each channel is worth, and remove those worth none (Csefalvay & Imber, 2023).",
        options=SelfCompressOptions,
        is_last=True,
    ),
    CompressionStep(
        "early-exit",
        "Let images that are told easily leave after the first layers (Teerapittayanon et al., 2016), one at a time.",
        options=EarlyExitOptions,
        is_last=True,
        formats=frozenset({ModelFormat.ONNX}),
        largest_batch=1,
    ),
    Ladder(
        "auto",
        "Try a few compressions on every finished network, and keep those that help (`finalize.auto_minutes`).",
        rungs=(
            ("quantize-int8",),
            ("low-rank",),
            ("prune-channels",),
            ("prune-channels", "quantize-int8"),
            ("quantize-aware",),
        ),
    ),
)
"""To add a step takes one entry here, and for a compression step its function in `workers.compression.registry`."""


def check_recipe(
    entries: Sequence[RecipeEntry],
    place: Place,
    steps: Mapping[str, Step] = STEPS,
    targets: Sequence[TargetSpec] = (),
) -> list[FieldProblem]:
    """Everything wrong with a recipe at its place; empty when it can be followed on the search's targets."""
    return Recipe(entries, place, steps, targets).problems()


def apply_recipe(spec: TrainingSpec, entries: Sequence[RecipeEntry], steps: Mapping[str, Step] = STEPS) -> TrainingSpec:
    """The training as changed by the training steps, in order. The entries must have passed `check_recipe`."""
    for entry in entries:
        step = steps[name_of(entry)]
        if isinstance(step, RecipeStep):
            spec = step.apply(spec)
    return spec


@dataclass(frozen=True, slots=True)
class Compression:
    """A compression step with its options, as a recipe asks for it."""

    step: CompressionStep
    options: SpecModel

    @property
    def entry(self) -> RecipeEntry:
        """With every option written out: what a result is remembered by."""
        return {self.step.name: self.options.model_dump(mode="json")}


def compressions(entries: Sequence[RecipeEntry], steps: Mapping[str, Step] = STEPS) -> list[Compression]:
    """The compression steps of a recipe, in order. The entries must have passed `check_recipe`."""
    named = [(steps[name_of(entry)], options_of(entry)) for entry in entries]
    return [
        Compression(step, step.options.model_validate(options))
        for step, options in named
        if isinstance(step, CompressionStep)
    ]


def ladder_of(
    entries: Sequence[RecipeEntry], targets: Sequence[TargetSpec], steps: Mapping[str, Step] = STEPS
) -> list[list[Compression]]:
    """The compressions that a recipe has tried on each finished network, in order; none where it compresses nothing."""
    for entry in entries:
        step = steps[name_of(entry)]
        if isinstance(step, Ladder):
            legal = [rung for rung in step.rungs if not check_recipe(rung, "finalize", steps, targets)]
            return [compressions(rung, steps) for rung in legal]
    whole = compressions(entries, steps)
    return [whole] if whole else []
