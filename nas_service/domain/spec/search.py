"""What a user asks for. One declaration gives validation, defaults and the JSON Schema."""

from typing import Annotated, Self, TypeVar

from pydantic import Field, model_validator

from nas_service.domain.formats import ModelFormat
from nas_service.domain.spec.budget import BudgetSpec
from nas_service.domain.spec.data import DatasetSpec, SpaceSpec
from nas_service.domain.spec.finalize import FinalizeSpec
from nas_service.domain.spec.goals import ConstraintSpec, Metric, ObjectiveSpec
from nas_service.domain.spec.model import SpecModel
from nas_service.domain.spec.strategy import LEAST_EPOCHS_HALVED, StrategySpec
from nas_service.domain.spec.target import TargetSpec
from nas_service.domain.spec.training import TrainingSpec
from search_spaces.deployment import PRECISION, SPARSITY

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
