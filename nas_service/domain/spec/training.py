"""How a candidate is trained."""

from typing import Annotated, Literal

from pydantic import Field

from nas_service.domain.spec.model import SpecModel
from nas_service.domain.spec.steps import RecipeEntry

AugmentName = Literal["crop", "flip", "cutout", "mixup"]

BEST_TEACHER, SUPERNET_TEACHER = "best", "supernet"
TEACHER_FILES = (".pt2", ".onnx", ".zip")
"""How the names of files end that can be teachers."""


class DistillationSpec(SpecModel):
    """Learning from teachers besides labels (Hinton et al., 2015). The recipe's `distill` turns it on."""

    teachers: Annotated[tuple[str, ...], Field(max_length=8)] = ()
    """Whose outputs are learned: `supernet`, the largest network of the search's shared weights; `best`, the search's
    most accurate candidate (when the front is finalized); the id of a candidate whose files are kept; or the path of a
    `.pt2` or `.onnx` file, or a bundle's `.zip`, below a data root. Of several the mean of their probabilities. By
    default `supernet` where the search has one, else `best`."""
    temperature: Annotated[float, Field(gt=0, le=100)] = 2.0
    """By which logits are divided, so that the teacher's small probabilities are seen too."""
    weight: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the teachers' probabilities in the loss, labels have the rest; 0 is off."""
    attention: Annotated[float, Field(ge=0, le=1e6)] = 0.0
    """Weight of the distance between the attention maps of student and teachers (Zagoruyko & Komodakis, 2017); 0 is
    off."""

    @property
    def is_on(self) -> bool:
        """Whether teachers are needed."""
        return self.weight > 0 or self.attention > 0


class TrainingSpec(SpecModel):
    """How one candidate is trained."""

    epochs: Annotated[int, Field(ge=1, le=10_000)] = 20
    batch_size: Annotated[int, Field(ge=2, le=8192)] = 64
    optimizer: Literal["sgd", "adamw"] = "sgd"
    learning_rate: Annotated[float, Field(gt=0, le=10)] | None = None
    """Peak learning rate; default 0.1 for sgd and 0.003 for adamw at batch size 64, scaled linearly."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Nesterov momentum (sgd)."""
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 5e-4
    warmup_fraction: Annotated[float, Field(ge=0, le=0.5)] = 0.1
    """Share of the steps over which the learning rate rises linearly."""
    warmup_epochs: Annotated[float, Field(ge=0)] | None = None
    """The same as a number of epochs; by default `warmup_fraction` says it."""
    learning_rate_decay: Literal["cosine", "trapezoid"] | None = None
    """After the warm-up: `cosine` to zero, or `trapezoid`: constant, then linearly to zero over the last
    `cooldown_fraction` of the steps. By default cosine; with `asha` the trapezoid, whose beginning does not depend on
    where it ends, so that a training can be stopped at a rung or go on."""
    cooldown_fraction: Annotated[float, Field(gt=0, le=1)] = 0.25
    """Share of the steps at the end of a trapezoid."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Exponential moving average of the weights; 0 is off. The average is what is deployed."""
    swa_fraction: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the steps, at the end, over which the learning rate stays where it is and the weights are averaged
    (SWA); 0 is off. The average is what is deployed."""
    sam_rho: Annotated[float, Field(ge=0, le=10)] = 0.0
    """Radius of sharpness-aware minimization (SAM), which costs a second pass each step; 0 is off."""
    sam_adaptive: bool = False
    """Measure that radius in units of each weight's magnitude (ASAM)."""
    sam_period: Annotated[int, Field(ge=1, le=100)] = 1
    """Steps from one second pass to the next; between them a part of the last one is used again (LookSAM)."""
    gradient_clip: Annotated[float, Field(ge=0)] = 0.0
    """Largest gradient norm; 0 is off."""
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """`auto` uses bf16 autocast, or fp16 autocast with loss scaling on an accelerator, where a short measurement shows
    it to be faster on this device."""
    compile: bool = False
    """`torch.compile` the network (pays only for long trainings)."""
    begin_size: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of their side that images have in the first epoch; it grows to 1 over the first two thirds of them."""
    freeze_layers: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the layers, counted from the input, that are no longer trained in the last part; 0 is off."""
    freeze_from: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Share of the steps after which those layers stay as they are."""
    patience: Annotated[int, Field(ge=0, le=10_000)] = 0
    """The training ends after so many epochs without a higher validation accuracy; 0 is off. What is kept are the last
    weights, not the best ones: those would have been chosen by the images that they are judged on."""
    target_accuracy: Annotated[float, Field(gt=0, le=1)] | None = None
    """The training ends once its validation accuracy is as high as this."""
    distill: DistillationSpec = DistillationSpec()
    """Teachers, and how much is learned from them."""
    augment: tuple[AugmentName, ...] = ()
    """Random changes to training images; always applied in the order crop, flip, cutout, mixup."""
    recipe: tuple[RecipeEntry, ...] = ()
    """Named steps that change how the candidate is trained; see `GET /v1/recipes`."""
