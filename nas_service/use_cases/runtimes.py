"""Can a search's targets be served? Known from what workers and devices say of their runtimes, before any training."""

from collections.abc import Sequence

from nas_service.domain.entities import TRAIN_QUEUE, JsonDict, profile_queue
from nas_service.domain.errors import FieldProblem
from nas_service.domain.formats import RuntimeName
from nas_service.domain.spec import LOCAL_DEVICE, SearchSpec
from nas_service.use_cases.ports import UnitOfWork


def check_runtimes(uow: UnitOfWork, spec: SearchSpec, tenant: str) -> list[FieldProblem]:
    """Targets whose runtime is missing on their device, or whose file no training worker can write.

    Where no worker has said yet what it has, nothing is known to be wrong.
    """
    problems = []
    trainers = _live_on(uow, TRAIN_QUEUE, tenant)
    for i, target in enumerate(spec.targets):
        timers = _live_on(uow, profile_queue(target.device), tenant) or _known(uow, target.device, tenant)
        writer = target.format.stock_runtime
        if reason := _missing(target.runtime, timers):
            message = f"{target.runtime} cannot be used on device {target.device}: {reason}"
        elif reason := _missing(writer, trainers):
            message = f"no training worker can write {target.format.file_name}: {reason}"
        else:
            continue
        problems.append(FieldProblem(f"targets.{i}.runtime", message))
    return problems


def _live_on(uow: UnitOfWork, queue: str, tenant: str) -> list[JsonDict]:
    """Descriptions of the devices that serve a queue now."""
    return [w.device for w in uow.workers.live() if queue in w.queues and w.owner in {None, tenant}]


def _known(uow: UnitOfWork, name: str, tenant: str) -> list[JsonDict]:
    """A remote device that is away, as it described itself last."""
    if name == LOCAL_DEVICE:
        return []
    return [d.description for d in uow.workers.devices(tenant) if d.remote and d.description["name"] == name]


def _missing(runtime: RuntimeName, devices: Sequence[JsonDict]) -> str | None:
    """Why none of the devices has the runtime; None where one has, or nothing is known of any."""
    reasons = []
    for device in devices:
        if "runtimes" not in device:
            return None
        found = device["runtimes"].get(runtime, {"available": False})
        if found["available"]:
            return None
        reasons.append(found.get("reason") or f"its worker does not know {runtime}; upgrade it")
    return reasons[0] if reasons else None
