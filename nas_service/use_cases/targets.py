"""What a spec's targets may name: every runtime and precision on every known device, or why it is not available."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nas_service.domain.entities import PROFILE_QUEUES, JsonDict, Noise
from nas_service.domain.formats import RUNS, PrecisionName, RuntimeName
from nas_service.domain.spec import LOCAL_DEVICE
from nas_service.use_cases.devices import KnownDevice, known_devices
from nas_service.use_cases.ports import UnitOfWork


@dataclass(frozen=True, slots=True)
class KnownTarget:
    """A device by the name that specs give it, with one runtime at one precision."""

    device: str
    runtime: RuntimeName
    precision: PrecisionName
    reason: str | None
    """Why it is not available, and the command that mends it; None: it is."""
    seen_s_ago: float | None
    """None: nothing on it was ever heard of."""
    noise: Noise | None


def known_targets(uow: UnitOfWork, tenant: str) -> list[KnownTarget]:
    """In the order of device names, those of the service's own workers first."""
    devices = known_devices(uow, tenant)
    serving: dict[str, set[str]] = {LOCAL_DEVICE: set()}
    for worker in uow.workers.live():
        if worker.owner in {None, tenant}:
            for queue in worker.queues:
                if queue.startswith(PROFILE_QUEUES):
                    serving.setdefault(queue.removeprefix(PROFILE_QUEUES), set()).add(worker.device["id"])
    for known in devices:
        if known.device.remote:
            serving.setdefault(known.device.description["name"], set())
    names = sorted(serving, key=lambda name: (name != LOCAL_DEVICE, name))
    return [target for name in names for target in _of_device(name, serving[name], devices)]


def _of_device(name: str, serving: set[str], devices: Sequence[KnownDevice]) -> Iterable[KnownTarget]:
    """Every runtime and precision on one device, or on several machines that serve the same name."""
    ever = [known for known in devices if _goes_by(name, known)]
    now = [known for known in devices if known.device.live and known.device.description["id"] in serving]
    newest = min(now or ever, key=lambda known: known.device.seen_s_ago, default=None)
    for runtime, precision in RUNS:
        yield KnownTarget(
            device=name,
            runtime=runtime,
            precision=precision,
            reason=_lacking(runtime, [known.device.description for known in now]) if now else _away(name),
            seen_s_ago=newest.device.seen_s_ago if newest else None,
            noise=newest.noise if newest else None,
        )


def _goes_by(name: str, known: KnownDevice) -> bool:
    return known.device.description.get("name") == name if known.device.remote else name == LOCAL_DEVICE


def _away(name: str) -> str:
    if name == LOCAL_DEVICE:
        return "no worker beside the service serves it; start one: nas worker"
    return f"its agent was not heard of lately; start it again there: nas agent --device {name}"


def _lacking(runtime: RuntimeName, machines: Sequence[JsonDict]) -> str | None:
    """Whichever machine serves the name may be given the timing, so that each has to have the runtime."""
    for machine in machines:
        found = machine.get("runtimes", {}).get(runtime)
        if found is None:
            return "its workers do not know this runtime; update them there: pip install --upgrade nas-service"
        if not found.get("available"):
            return str(found.get("reason", "it is not there"))
    return None
