"""What a user asks for: the search spec. One declaration gives validation, defaults and the JSON Schema."""

from enum import StrEnum
from typing import Annotated, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationInfo,
    field_validator,
    model_validator,
)

from nas_service.domain.formats import (
    LARGEST_BATCHES,
    RUNS,
    ModelFormat,
    PrecisionName,
    RuntimeName,
    precisions_of,
    runtimes_at,
)
from search_spaces.deployment import PRECISION, SPARSITY

ChoiceValue = bool | int | float | str


LOCAL_DEVICE = "local"
"""Where the service's own workers run."""


class Metric(StrEnum):
    """What a candidate is judged by. Units stand in the names."""

    ACCURACY = "accuracy"
    LATENCY_MS = "latency_ms"
    SIZE_BYTES = "size_bytes"
    MACS = "macs"
    PARAMS = "params"
    PEAK_MEMORY_MIB = "peak_memory_mib"
    SHARPNESS = "sharpness"
    """By how much the training loss rises at worst close by the weights, in nats: what flat minima have little of."""
    PACKED_BYTES = "packed_bytes"
    """Of the trained weights without loss and deflated, as `weights.packed` of the bundle: what zeros make smaller."""


COMPUTABLE_METRICS = frozenset({Metric.SIZE_BYTES, Metric.MACS, Metric.PARAMS})
"""Known exactly from the architecture alone, so constraints on them hold before any training."""

TRAINED_METRICS = frozenset({Metric.SHARPNESS, Metric.PACKED_BYTES})
"""Found of trained weights, where a search goes by them."""

TARGET_METRICS = frozenset({Metric.LATENCY_MS, Metric.PEAK_MEMORY_MIB})
"""Measured on a target, so each use of them names one."""

MAY_NAME_TARGET = TARGET_METRICS | {Metric.ACCURACY}
"""An accuracy that names a target is that of the file which is executed there, else the trained network's."""


class Goal(StrEnum):
    """Which direction of a metric is better."""

    MAXIMIZE = "maximize"
    MINIMIZE = "minimize"


class Across(StrEnum):
    """How the figures of several targets become one."""

    WORST = "worst"
    """The largest, or the smallest where the goal is to maximize."""
    WEIGHTED = "weighted"
    """Their weighted mean."""


class SpecModel(BaseModel):
    """Frozen, and a misspelt field is an error rather than a silent default."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


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


class TargetSpec(SpecModel):
    """Device x runtime x precision x threads x batch size: what a latency belongs to."""

    device: Annotated[str, Field(min_length=1, max_length=64)] = LOCAL_DEVICE
    """`local`, or the name of a connected device."""
    runtime: RuntimeName = "onnxruntime"
    """What executes the exported model."""
    precision: PrecisionName = "fp32"
    """Number format of weights and activations; not every runtime executes every one."""
    threads: Annotated[int, Field(ge=1, le=256)] = 1
    """Threads the runtime may use."""
    batch_size: Annotated[int, Field(ge=1, le=4096)] = 1
    """Images a call."""

    @field_validator("precision")
    @classmethod
    def _runtime_executes_it(cls, precision: PrecisionName, info: ValidationInfo) -> PrecisionName:
        runtime: RuntimeName | None = info.data.get("runtime")  # None: it is reported itself
        if runtime is not None and (runtime, precision) not in RUNS:
            own, others = ", ".join(precisions_of(runtime)), ", ".join(runtimes_at(precision))
            raise ValueError(f"{runtime} executes {own} only; {precision} is executed by {others}")
        return precision

    @field_validator("batch_size")
    @classmethod
    def _runtime_takes_so_many(cls, batch_size: int, info: ValidationInfo) -> int:
        runtime = info.data.get("runtime")
        most = LARGEST_BATCHES.get(runtime, batch_size) if runtime is not None else batch_size
        if batch_size > most:
            raise ValueError(f"{runtime} takes at most {most} images a call, not {batch_size}")
        return batch_size

    @property
    def format(self) -> ModelFormat:
        """The exported file that is executed."""
        return RUNS[self.runtime, self.precision]


class ObjectiveSpec(SpecModel):
    """One axis of the front."""

    metric: Metric
    goal: Goal | None = None
    """Default: accuracy is maximized, everything else minimized."""
    target: Annotated[int, Field(ge=0)] | None = None
    """Index into `targets`, for metrics that are measured on one (default 0, unless `across` is given). An
    accuracy with a target is that of the file which is executed there; without one it is the trained network's, unless
    a target or the space's `precision` is int8."""
    across: Across | None = None
    """One figure over all targets in place of one target's."""
    weights: tuple[Annotated[float, Field(gt=0, le=1e9)], ...] | None = None
    """With `across: weighted`: one a target, in their order; only their ratios count. By default all count alike."""
    relative_to: tuple[Annotated[float, Field(gt=0)], ...] | None = None
    """With `across`: one value a target, in the metric's unit, by which that target's figure is divided first; for a
    millisecond on a server and one on a phone are not worth the same. The objective then is a ratio, which is at most
    1 where no target exceeds its value: `latency_ratio@worst` in place of `latency_ms@worst`."""

    @model_validator(mode="after")
    def _fill_defaults(self) -> Self:
        natural = Goal.MAXIMIZE if self.metric is Metric.ACCURACY else Goal.MINIMIZE
        if self.goal is None:
            object.__setattr__(self, "goal", natural)
        for name, metrics in (("target", MAY_NAME_TARGET), ("across", TARGET_METRICS)):
            if self.metric not in metrics and getattr(self, name) is not None:
                raise ValueError(f"{self.metric} does not depend on a target; remove `{name}`")
        if self.across is not None and self.target is not None:
            raise ValueError("is either of one `target` or `across` all of them; remove one")
        if self.weights is not None and self.across is not Across.WEIGHTED:
            raise ValueError("`weights` go with `across: weighted` only")
        if self.relative_to is not None and self.across is None:
            raise ValueError("`relative_to` goes with `across` only")
        if self.metric in TARGET_METRICS and self.target is None and self.across is None:
            object.__setattr__(self, "target", 0)
        return self

    @property
    def maximize(self) -> bool:
        """Whether larger values are better."""
        return self.goal is Goal.MAXIMIZE


class ConstraintSpec(SpecModel):
    """A hard bound: candidates outside are infeasible and never on the front."""

    metric: Metric
    min: float | None = None
    max: float | None = None
    target: Annotated[int, Field(ge=0)] | None = None
    """Index into `targets`, for metrics that are measured on one (default 0). An accuracy with a target is that of
    the file which is executed there; without one it is the trained network's, unless a target or the space's
    `precision` is int8."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("give `min`, `max` or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} is larger than max {self.max}")
        if self.metric in TARGET_METRICS and self.target is None:
            object.__setattr__(self, "target", 0)
        if self.metric not in MAY_NAME_TARGET and self.target is not None:
            raise ValueError(f"{self.metric} does not depend on a target; remove `target`")
        return self


ProxyName = Literal["synflow", "jacob_cov"]
"""`workers.proxies` computes them, and says by which papers."""


Attention = Literal["none", "best", "worst"]


class SupernetSpec(SpecModel):
    """How the weights that all candidates share are trained, and when the search relies on them.

    For the rest they are trained as `training` says.
    """

    epochs: Annotated[int, Field(ge=1, le=10_000)] = 40
    """Passes over the training data. A step takes one batch through several networks."""
    sampled: Annotated[int, Field(ge=1, le=16)] = 2
    """Networks drawn at random that a step trains, beside the largest and the smallest."""
    largest_first: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the steps, at the beginning, in which the largest network trains alone: what it learned the others
    begin with, and can be taught."""
    opening: Literal["at_once", "progressive"] = "at_once"
    """Which networks are drawn after that: all (`at_once`), or, in thirds of the steps that are left, those that differ
    from the largest in resolution and kernels alone, then in depth as well, then all (`progressive`, as Once-for-All
    shrinks)."""
    attention: Attention = "none"
    """Of three networks of about the same MACs the one to train is drawn at random, or it is that with the lowest loss
    (`best`) or the highest (`worst`), as in AttentiveNAS."""
    distill: Annotated[float, Field(ge=0, le=1)] | None = None
    """Share of their loss that all others learn from the largest network instead of labels, once that has trained
    alone; by default `training.distill.weight`."""
    ema_decay: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Moving average of the shared weights, which is what candidates inherit; by default `training.ema_decay`."""
    tune_epochs: Annotated[int, Field(ge=0, le=1000)] = 0
    """Epochs that a candidate is trained on from its inherited weights before it is judged; 0: judged as inherited."""
    agreement_sample: Annotated[int, Field(ge=4, le=100)] = 8
    """Architectures trained from scratch as well, to see whether inherited accuracies rank them alike."""
    min_agreement: Annotated[float, Field(ge=-1, le=1)] = 0.3
    """Least Kendall tau of the two rankings. Below it the supernet is trained as long again; if that does not help,
    the search trains its candidates from scratch."""
    beat_macs: bool = True
    """Whether it must also rank no worse than counting MACs does, which costs nothing."""

    def training_like(self, training: "TrainingSpec") -> "TrainingSpec":
        """How the supernet is trained where candidates are trained so. Its networks change at every step, so that none
        is compiled, stays the same for a while, or has stopped learning."""
        weight = training.distill.weight if self.distill is None else self.distill
        changes = {
            "epochs": self.epochs,
            "compile": False,
            "begin_size": 1.0,
            "freeze_layers": 0.0,
            "patience": 0,
            "target_accuracy": None,
            "ema_decay": training.ema_decay if self.ema_decay is None else self.ema_decay,
            "distill": training.distill.model_copy(update={"attention": 0.0, "weight": weight}),
        }
        return training.model_copy(update=changes)

    def trained_on(self) -> Self:
        """The same for weights that were trained before: the largest network needs no start, the others are known."""
        return self.model_copy(update={"largest_first": 0.0, "opening": "at_once"})


LEAST_EPOCHS_HALVED = 4
"""Epochs of a training from which `schedule: auto` may train in rungs: fewer leave none but a look at noise."""


class StrategySpec(SpecModel):
    """Three independent parts: who proposes, what an accuracy costs, how far to train."""

    sampler: Literal["random", "nsga2", "nsga3", "tpe", "gp", "predictor", "profile"] = "predictor"
    evaluator: Literal["scratch", "supernet", "untrained"] = "scratch"
    """`scratch` trains each candidate. `supernet` trains one set of shared weights, of which each candidate inherits
    its own: much cheaper, if the accuracies found so rank the candidates as trainings would. `untrained` wants no
    accuracy but latencies only, of which predictors are made instead of bundles."""
    schedule: Literal["auto", "full", "asha"] = "auto"
    """How far candidates are trained: all to the end (`full`), or all a little and the better ones further (`asha`,
    asynchronous successive halving by non-domination rank, then hypervolume contribution). `auto` halves where time
    alone bounds the search and trainings are long enough for two rungs: more candidates are then looked at."""
    eta: Annotated[int, Field(ge=2, le=10)] = 3
    """asha: one in `eta` candidates goes on from each rung to the next, which is `eta` times as long."""
    min_epochs: Annotated[int, Field(ge=1)] | None = None
    """asha: epochs of the first rung; by default `training.epochs` / `eta` squared, so that there are three rungs."""
    proxies: tuple[ProxyName, ...] = ()
    """Zero-cost proxies to score each candidate's untrained network by; the `predictor` sampler takes `synflow` as a
    hint. What they are worth on this data is measured, see `GET /v1/searches/{id}/proxies`."""
    warm_start: bool = True
    """Whether the `predictor` sampler begins with the best of earlier searches whose trainings count here, too: on the
    same data and space, trained alike. They cost nothing but what their timing on another target takes. Without it the
    same spec gives the same proposals, whatever was searched before."""
    population_size: Annotated[int, Field(ge=4, le=1000)] = 20
    """Population of the genetic samplers (nsga2, nsga3)."""
    supernet: SupernetSpec = SupernetSpec()
    """For `evaluator: supernet`."""

    @model_validator(mode="after")
    def _rungs_need_trainings(self) -> Self:
        if self.evaluator == "supernet" and self.schedule == "asha":
            raise ValueError("with `evaluator: supernet` candidates are not trained in rungs; use `schedule: full`")
        return self


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


StepOptions = Annotated[dict[str, dict[str, JsonValue]], Field(min_length=1, max_length=1)]
"""The name of one step, with its options."""

RecipeEntry = str | StepOptions
"""A step by its name, or with options: `prune-channels` or `{prune-channels: {macs_share: 0.5}}`."""

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


def _one_entry(recipe: object) -> object:
    """`recipe: auto` is short for `recipe: [auto]`."""
    return [recipe] if isinstance(recipe, str) else recipe


class FinalizeSpec(SpecModel):
    """What happens to the front's members at the end."""

    top_k: Annotated[int, Field(ge=1, le=1000)] | None = None
    """At most this many members are finalized, spread over the front; by default all."""
    recipe: Annotated[tuple[RecipeEntry, ...], BeforeValidator(_one_entry)] = ()
    """Named steps applied to each finalized candidate, each a name or `{name: {option: value}}`: those that change its
    final training, then those that compress what was trained; see `GET /v1/recipes`. `auto` tries several
    compressions."""
    auto_minutes: Annotated[float, Field(gt=0, le=60 * 24)] = 30.0
    """With `recipe: [auto]`: no further compression is begun after so many minutes of compressing."""
    remeasure: Annotated[int, Field(ge=0, le=1000)] = 16
    """Before it is decided who is finalized: at most this many candidates, the most doubtful first, are timed again
    for longer, where within the noise of their latencies one of them dominates another or does not."""
    begin: Literal["scratch", "inherited"] = "inherited"
    """Whether the final training goes on from the supernet's weights, where there is one, or starts anew."""
    keep: Literal["front", "all"] = "front"
    """Whose files stay once the search is over. `front`: the weights and models of all other candidates are deleted
    some time later; their metrics, learning curves and timings stay, and to get their files back they have to be
    trained again. `all`: nothing is deleted until the search is."""


_Judged = TypeVar("_Judged", ObjectiveSpec, ConstraintSpec)


def _on_a_target(judged: _Judged) -> _Judged:
    """On target 0, as every other metric that depends on one, where an accuracy names none."""
    if judged.metric is Metric.ACCURACY and judged.target is None:
        return judged.model_copy(update={"target": 0})
    return judged


def _default_objectives() -> tuple[ObjectiveSpec, ...]:
    return (ObjectiveSpec(metric=Metric.ACCURACY), ObjectiveSpec(metric=Metric.LATENCY_MS))


class SearchSpec(SpecModel):
    """One search. Every field but `dataset` has a good default."""

    name: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    dataset: DatasetSpec
    space: SpaceSpec = SpaceSpec()
    targets: Annotated[tuple[TargetSpec, ...], Field(min_length=1, max_length=16)] = (TargetSpec(),)
    objectives: Annotated[tuple[ObjectiveSpec, ...], Field(min_length=1, max_length=6)] = Field(
        default_factory=_default_objectives
    )
    constraints: tuple[ConstraintSpec, ...] = ()
    strategy: StrategySpec = StrategySpec()
    budget: BudgetSpec = BudgetSpec(candidates=50)
    training: TrainingSpec = TrainingSpec()
    finalize: FinalizeSpec = FinalizeSpec()
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    priority: Annotated[int, Field(ge=-10, le=10)] = 0
    """Of your own searches those of the highest priority are worked on first. Between users it counts for nothing."""

    @model_validator(mode="after")
    def _accuracy_belongs_to_a_target_where_it_depends_on_one(self) -> Self:
        """Beside the latency of a quantized file the accuracy of the fp32 network would be the wrong one."""
        if self.chooses_precision or any(target.precision != "fp32" for target in self.targets):
            object.__setattr__(self, "objectives", tuple(map(_on_a_target, self.objectives)))
            object.__setattr__(self, "constraints", tuple(map(_on_a_target, self.constraints)))
        return self

    @model_validator(mode="after")
    def _targets_exist_and_objectives_differ(self) -> Self:
        for name, target in [(f"objectives.{i}", o.target) for i, o in enumerate(self.objectives)] + [
            (f"constraints.{i}", c.target) for i, c in enumerate(self.constraints)
        ]:
            if target is not None and target >= len(self.targets):
                last = len(self.targets) - 1
                raise ValueError(f"{name}.target is {target}, but `targets` has only indices 0 to {last}")
        for i, objective in enumerate(self.objectives):
            for name in ("weights", "relative_to"):
                given = getattr(objective, name)
                if given is not None and len(given) != len(self.targets):
                    raise ValueError(f"objectives.{i}.{name} has {len(given)} values for {len(self.targets)} targets")
        seen = [(o.metric, o.target, o.across) for o in self.objectives]
        if len(set(seen)) != len(seen):
            raise ValueError("two objectives name the same metric on the same target")
        return self

    @model_validator(mode="after")
    def _rungs_are_possible(self) -> Self:
        strategy, training = self.strategy, self.training
        accuracies = [i for i, o in enumerate(self.objectives) if o.metric is Metric.ACCURACY]
        if strategy.schedule == "asha" and training.learning_rate_decay == "cosine":
            raise ValueError("training.learning_rate_decay: asha stops and resumes trainings, so it needs `trapezoid`")
        if strategy.schedule == "asha" and len(accuracies) > 1:
            raise ValueError(f"objectives.{accuracies[1]} is a second accuracy, but asha goes by one; remove it")
        if strategy.min_epochs is not None and strategy.min_epochs > training.epochs:
            raise ValueError(f"strategy.min_epochs is {strategy.min_epochs}, more than training.epochs")
        return self

    @property
    def chooses_precision(self) -> bool:
        """Whether each candidate says at which precision targets execute it, and not the targets."""
        return any(option != PRECISION.default for option in self.space.choices.get(PRECISION.name, ()))

    @property
    def chooses_sparsity(self) -> bool:
        """Whether candidates may be trained to have zeros among their weights."""
        return any(option != SPARSITY.default for option in self.space.choices.get(SPARSITY.name, ()))

    @property
    def halves(self) -> bool:
        """Whether candidates are trained in rungs: where that was asked for, or by itself where it can pay."""
        if self.strategy.schedule != "auto":
            return self.strategy.schedule == "asha"
        return (
            self.budget.candidates is None
            and self.strategy.evaluator == "scratch"
            and self.training.epochs >= LEAST_EPOCHS_HALVED
            and self.training.learning_rate_decay != "cosine"
            and sum(objective.metric is Metric.ACCURACY for objective in self.objectives) == 1
        )

    @property
    def formats(self) -> tuple[ModelFormat, ...]:
        """What each candidate is exported to: all that the targets execute, and always ONNX."""
        executed = {target.format for target in self.targets}
        return tuple(f for f in ModelFormat if f is ModelFormat.ONNX or f in executed)
