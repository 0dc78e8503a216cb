"""What a user asks for: the search spec, a part a module."""

from nas_service.domain.spec.budget import BudgetSpec, SettledSpec
from nas_service.domain.spec.data import ChoiceValue, DatasetSpec, SpaceSpec
from nas_service.domain.spec.finalize import FinalizeSpec
from nas_service.domain.spec.goals import (
    COMPUTABLE_METRICS,
    MAY_NAME_TARGET,
    TARGET_METRICS,
    TRAINED_METRICS,
    Across,
    ConstraintSpec,
    Goal,
    Metric,
    ObjectiveSpec,
)
from nas_service.domain.spec.model import SpecModel
from nas_service.domain.spec.search import SearchSpec
from nas_service.domain.spec.steps import RecipeEntry, StepOptions
from nas_service.domain.spec.strategy import LEAST_EPOCHS_HALVED, Attention, ProxyName, StrategySpec, SupernetSpec
from nas_service.domain.spec.target import LOCAL_DEVICE, TargetSpec
from nas_service.domain.spec.training import (
    BEST_TEACHER,
    SUPERNET_TEACHER,
    TEACHER_FILES,
    AugmentName,
    DistillationSpec,
    TrainingSpec,
)

__all__ = [
    "Across",
    "Attention",
    "AugmentName",
    "BEST_TEACHER",
    "BudgetSpec",
    "COMPUTABLE_METRICS",
    "ChoiceValue",
    "ConstraintSpec",
    "DatasetSpec",
    "DistillationSpec",
    "FinalizeSpec",
    "Goal",
    "LEAST_EPOCHS_HALVED",
    "LOCAL_DEVICE",
    "MAY_NAME_TARGET",
    "Metric",
    "ObjectiveSpec",
    "ProxyName",
    "RecipeEntry",
    "SUPERNET_TEACHER",
    "SearchSpec",
    "SettledSpec",
    "SpaceSpec",
    "SpecModel",
    "StepOptions",
    "StrategySpec",
    "SupernetSpec",
    "TARGET_METRICS",
    "TEACHER_FILES",
    "TRAINED_METRICS",
    "TargetSpec",
    "TrainingSpec",
]
