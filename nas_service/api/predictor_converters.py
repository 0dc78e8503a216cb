"""Latency predictors as documents on the wire."""

from datetime import UTC, datetime

from nas_service.domain.spec import Metric, ObjectiveSpec, SearchSpec, StrategySpec
from nas_service.use_cases.import_table import Published
from nas_service.use_cases.predictors import PredictorView
from nas_service.wire.predictors import (
    ErrorsInfo,
    PredictorFigures,
    PredictorInfo,
    ProfileRequest,
    SubjectInfo,
    TableImport,
)
from search_spaces import NetworkInput


def predictor_info(view: PredictorView) -> PredictorInfo:
    """A predictor with how good it is and whether it still holds."""
    predictor, report = view.predictor, view.predictor.report
    return PredictorInfo(
        id=predictor.id,
        subject=SubjectInfo.model_validate(predictor.subject, from_attributes=True),
        target=predictor.target,
        origin=predictor.origin,
        valid=view.outdated is None,
        outdated=view.outdated,
        measured_count=predictor.measured_count,
        method=report.get("method"),
        errors=ErrorsInfo.model_validate(report["errors"]) if "errors" in report else None,
        mape_of_methods=report.get("mape_of_methods", {}),
        age_s=round((datetime.now(UTC) - predictor.created_at).total_seconds(), 1),
        created_at=predictor.created_at,
    )


def predictor_figures(view: PredictorView) -> PredictorFigures:
    """Predicted against measured."""
    report = view.predictor.report
    return PredictorFigures(measured_ms=report.get("measured_ms", ()), predicted_ms=report.get("predicted_ms", ()))


def published_table(wanted: TableImport) -> Published:
    """A table as it was sent."""
    data = NetworkInput(wanted.channels, wanted.class_count)
    return Published(wanted.space, wanted.preset, wanted.target, data, wanted.tables)


def profile_spec(request: ProfileRequest) -> SearchSpec:
    """The search of untrained networks that a profile is."""
    return SearchSpec(
        name=f"profile of {request.space.name} on {request.target.runtime}",
        dataset=request.dataset,
        space=request.space,
        targets=(request.target,),
        objectives=(ObjectiveSpec(metric=Metric.LATENCY_MS, target=0),),
        strategy=StrategySpec(sampler="profile", evaluator="untrained"),
        budget=request.budget,
        seed=request.seed,
    )
