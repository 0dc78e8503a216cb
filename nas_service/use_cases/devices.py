"""The devices that a tenant's targets may name."""

from dataclasses import dataclass

from nas_service.domain.entities import PROFILE_QUEUES, Device, Noise
from nas_service.domain.errors import FieldProblem
from nas_service.domain.spec import LOCAL_DEVICE, SearchSpec
from nas_service.use_cases.ports import UnitOfWork


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A device, and how steady its timings were of late; None where there are none."""

    device: Device
    noise: Noise | None


def known_devices(uow: UnitOfWork, tenant: str) -> list[KnownDevice]:
    """Every device ever connected that serves `tenant`, those heard of last first."""
    devices = sorted(uow.workers.devices(tenant), key=lambda device: (not device.live, device.seen_s_ago))
    noise = uow.evidence.noise([device.description["id"] for device in devices], tenant)
    return [KnownDevice(device, noise.get(device.description["id"])) for device in devices]


def live_names(uow: UnitOfWork, tenant: str) -> set[str]:
    """Devices whose timings are served now."""
    queues = {q for worker in uow.workers.live() if worker.owner in {None, tenant} for q in worker.queues}
    return {queue.removeprefix(PROFILE_QUEUES) for queue in queues if queue.startswith(PROFILE_QUEUES)}


def check_devices(uow: UnitOfWork, spec: SearchSpec, tenant: str) -> list[FieldProblem]:
    """Targets on devices that were never heard of: nobody would ever serve them, and a misspelt name is likely.

    One that has connected before may be away for a while.
    """
    wanted = {target.device for target in spec.targets} - {LOCAL_DEVICE}
    if not wanted:
        return []
    remote = {device.description["name"] for device in uow.workers.devices(tenant) if device.remote}
    known = {LOCAL_DEVICE} | remote | live_names(uow, tenant)
    mend = f"known are {', '.join(sorted(known))}; connect others with `nas agent`"
    return [
        FieldProblem(f"targets.{i}.device", f"no device {target.device!r} has ever connected; {mend}")
        for i, target in enumerate(spec.targets)
        if target.device not in known
    ]
