"""Devices, their agents and what these lease: values of the domain to documents on the wire, and back."""

from nas_service.domain.entities import Worker, WorkItem, new_id, profile_queue
from nas_service.domain.executed import is_timed_roughly, timed_target
from nas_service.domain.spec import SearchSpec
from nas_service.settings import Settings
from nas_service.use_cases.devices import KnownDevice
from nas_service.use_cases.targets import KnownTarget
from nas_service.wire.agents import AgentHello, LeaseInfo
from nas_service.wire.catalog import DeviceInfo, NoiseHistory, NoiseInfo, TargetInfo
from nas_service.wire.service import WorkerInfo

BEATS_A_LEASE = 5
"""A lease outlives a few lost heartbeats."""


def device_info(known: KnownDevice) -> DeviceInfo:
    """A device; one that was never given a name goes by its fingerprint."""
    device = known.device
    device_id = device.description["id"]
    return DeviceInfo(
        id=device_id,
        name=device.description.get("name", device_id),
        live=device.live,
        seen_s_ago=round(device.seen_s_ago, 1),
        description=device.description,
        noise=None if known.noise is None else NoiseHistory.model_validate(known.noise, from_attributes=True),
    )


def target_info(target: KnownTarget) -> TargetInfo:
    """A device with a runtime and precision."""
    return TargetInfo(
        device=target.device,
        runtime=target.runtime,
        precision=target.precision,
        available=target.reason is None,
        reason=target.reason,
        seen_s_ago=None if target.seen_s_ago is None else round(target.seen_s_ago, 1),
        noise=None if target.noise is None else NoiseInfo.model_validate(target.noise, from_attributes=True),
    )


def worker_info(worker: Worker, service_version: str) -> WorkerInfo:
    """A worker, beside the version of the API."""
    return WorkerInfo(
        id=worker.id,
        host=worker.host,
        pid=worker.pid,
        queues=worker.queues,
        device=str(worker.device.get("name", worker.device["id"])),
        capacity=worker.capacity,
        versions=worker.versions,
        outdated=worker.versions.get("nas-service") != service_version,
        remote=worker.remote,
        seen_s_ago=round(worker.seen_s_ago, 1),
    )


def agent_worker(hello: AgentHello, owner: str | None) -> Worker:
    """An agent as a worker; what it left out of its description is not known."""
    return Worker(
        id=new_id("worker"),
        host=hello.host,
        pid=hello.pid,
        queues=(profile_queue(hello.device.name),),
        device=hello.device.model_dump(mode="json", exclude_none=True),
        seen_s_ago=0.0,
        versions=hello.versions,
        owner=owner,
        remote=True,
    )


def lease_info(item: WorkItem, spec: SearchSpec, settings: Settings) -> LeaseInfo:
    """A leased timing of a search with this spec."""
    return LeaseInfo(
        item_id=item.id,
        token=item.token,
        target=timed_target(spec, item.payload),
        model_sha256=item.payload["model_sha256"],
        budget_s=settings.measure_budget_s(final=item.payload["final"]),
        final=item.payload["final"],
        rough=is_timed_roughly(spec, item.payload),
        lease_s=settings.lease_s,
        heartbeat_s=settings.lease_s / BEATS_A_LEASE,
    )
