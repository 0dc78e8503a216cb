"""Make latency predictors of a search's targets from everything that was measured of such networks."""

from dataclasses import asdict

from nas_service.domain.entities import JsonDict
from nas_service.domain.executed import timed_target
from nas_service.domain.predictors import Origin, Subject
from nas_service.domain.spec import TargetSpec
from nas_service.latency.documents import predictor_from_json
from nas_service.latency.fit import fit_predictor
from nas_service.latency.process import Process
from nas_service.use_cases.predictors import evidence_of, has_known_model, of_one_birthplace
from workers.tasks.context import Task


def fit(task: Task) -> JsonDict:
    """One predictor for each of the targets that the item names."""
    return {"predictors": [_fit(task, target) for target in task.item.payload["targets"]]}


def _fit(task: Task, target: int) -> JsonDict:
    search, subject = task.search, Subject.of(task.search)
    wanted = timed_target(search.spec, task.item.payload | {"target": target})
    with task.service.store.read() as uow:
        timed = of_one_birthplace(uow.predictors.timed(subject, wanted, search.tenant))
        others = [other for other in uow.predictors.of(subject, search.tenant) if other.target != wanted]
        usable = [other for other in others if has_known_model(other)]
        models = {_name(other.target): predictor_from_json(uow.predictors.model(other.id)) for other in usable}
    sources = {name: model for name, model in models.items() if isinstance(model, Process)}
    fitted = fit_predictor(evidence_of(subject, timed), sources, on_progress=task.lease.check)
    return {
        "target": target,
        "origin": Origin.TRANSFERRED if fitted.is_transferred else Origin.MEASURED,
        "birthplace": asdict(timed[-1].birthplace),
        "measured_count": len(timed),
        "report": fitted.report(),
        "model": fitted.predictor.to_json(),
    }


def _name(target: TargetSpec) -> str:
    """As reports call another target."""
    return (
        f"{target.runtime} {target.precision} on {target.device}, {target.threads} threads, batch {target.batch_size}"
    )
