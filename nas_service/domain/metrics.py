"""Metric keys, objective values and constraint violations of a candidate."""

from collections.abc import Mapping, Sequence

from nas_service.domain.entities import Evaluation
from nas_service.domain.spec import (
    COMPUTABLE_METRICS,
    TARGET_METRICS,
    TRAINED_METRICS,
    ConstraintSpec,
    Metric,
    ObjectiveSpec,
    SearchSpec,
)


def metric_key(metric: Metric, target: int | None) -> str:
    """`accuracy`, or `latency_ms@0` for a metric measured on target 0."""
    return metric.value if target is None else f"{metric.value}@{target}"


def objective_key(objective: ObjectiveSpec) -> str:
    """The metric key of an objective; across targets `latency_ms@worst`, as a ratio `latency_ratio@weighted`."""
    if objective.across is None:
        return metric_key(objective.metric, objective.target)
    quantity, _, _ = objective.metric.rpartition("_")
    return f"{objective.metric if objective.relative_to is None else f'{quantity}_ratio'}@{objective.across}"


def predicted_key(target: int) -> str:
    """Beside `latency_ms@0`: what the target's latency predictor had said before it was measured."""
    return f"predicted_latency_ms@{target}"


def objective_values(objectives: Sequence[ObjectiveSpec], metrics: Mapping[str, float]) -> tuple[float, ...]:
    """The candidate's place, in objective order. Raises KeyError where a metric is missing."""
    return tuple(metrics[objective_key(o)] for o in objectives)


def objectives_on(spec: SearchSpec, target: int) -> tuple[ObjectiveSpec, ...]:
    """The search's objectives with every one that depends on a target taken on one: those of that target's front."""
    found: dict[str, ObjectiveSpec] = {}
    for objective in spec.objectives:
        if objective.metric in TARGET_METRICS or objective.target is not None:
            objective = ObjectiveSpec(metric=objective.metric, goal=objective.goal, target=target)
        found.setdefault(objective_key(objective), objective)
    return tuple(found.values())


def violation(constraint: ConstraintSpec, value: float) -> float:
    """By how much `value` breaks the constraint, in the metric's unit; <= 0 means that it holds."""
    return max(
        value - constraint.max if constraint.max is not None else float("-inf"),
        constraint.min - value if constraint.min is not None else float("-inf"),
    )


def violations(constraints: Sequence[ConstraintSpec], metrics: Mapping[str, float]) -> tuple[float, ...]:
    """One violation a constraint, in the spec's order. Raises KeyError where a metric is missing."""
    return tuple(violation(c, metrics[metric_key(c.metric, c.target)]) for c in constraints)


def broken(constraints: Sequence[ConstraintSpec], metrics: Mapping[str, float]) -> dict[str, float]:
    """The constraints that `metrics` break, by metric key; metrics not known yet break nothing."""
    found: dict[str, float] = {}
    for constraint in constraints:
        key = metric_key(constraint.metric, constraint.target)
        if key in metrics and (amount := violation(constraint, metrics[key])) > 0:
            found[key] = max(amount, found.get(key, 0.0))
    return found


def computable(constraints: Sequence[ConstraintSpec]) -> list[ConstraintSpec]:
    """The constraints that can be checked before any training."""
    return [c for c in constraints if c.metric in COMPUTABLE_METRICS]


def profiled_targets(spec: SearchSpec) -> range:
    """Indices of the targets to measure on: all, so that a front can be read for each."""
    return range(len(spec.targets))


def accuracies(spec: SearchSpec, evaluation: Evaluation) -> dict[str, float]:
    """The trained network's, and where the search judges by files that of the one which each target executes."""
    found = {Metric.ACCURACY.value: evaluation.accuracy}
    if judges_by_files(spec):
        for index, target in enumerate(spec.targets):
            accuracy = evaluation.export(target.format).validation_accuracy
            assert accuracy is not None  # `Evaluation.lacking` counts it as missing
            found[metric_key(Metric.ACCURACY, index)] = accuracy
    return found


def judges_by_files(spec: SearchSpec) -> bool:
    """Whether any objective or constraint is about the accuracy of an exported file."""
    judged = [(o.metric, o.target) for o in spec.objectives] + [(c.metric, c.target) for c in spec.constraints]
    return any(metric is Metric.ACCURACY and target is not None for metric, target in judged)


def judged_by_training(spec: SearchSpec) -> list[Metric]:
    """Of what is found of trained weights that which any objective or constraint is about."""
    judged = {o.metric for o in spec.objectives} | {c.metric for c in spec.constraints}
    return sorted(judged & TRAINED_METRICS)


def accuracy_key(spec: SearchSpec) -> str:
    """The accuracy that the search goes by: its first objective's, or else the trained network's."""
    named = (metric_key(o.metric, o.target) for o in spec.objectives if o.metric is Metric.ACCURACY)
    return next(named, Metric.ACCURACY.value)


def deployed_target(spec: SearchSpec) -> int:
    """The target whose file stands for a candidate where one has to: that of the first accuracy objective, else 0."""
    named = (o.target for o in spec.objectives if o.metric is Metric.ACCURACY)
    return next(named, None) or 0


def needed_metrics(spec: SearchSpec) -> list[str]:
    """The metric keys that a candidate must have to be judged: of all objectives and constraints."""
    return [objective_key(o) for o in spec.objectives] + [metric_key(c.metric, c.target) for c in spec.constraints]
