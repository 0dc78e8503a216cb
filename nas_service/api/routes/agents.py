"""For agents on remote devices: be known, lease a timing, fetch its model, say how it ended."""

import asyncio
from importlib.metadata import version
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from nas_service.api.artifact_response import DOWNLOAD, ArtifactResponse
from nas_service.api.dependencies import ID_PATTERN, ServiceDep
from nas_service.api.device_converters import agent_worker, lease_info
from nas_service.api.identity import DeviceAgent
from nas_service.api.problems import refusals
from nas_service.api.work_feed import Waiting, WorkFeed
from nas_service.bootstrap import Service
from nas_service.domain.entities import Failure, Worker, WorkItem
from nas_service.domain.errors import ConflictError
from nas_service.use_cases import agents, work
from nas_service.wire.agents import (
    VERSION_HEADER,
    AgentFailure,
    AgentHello,
    AgentWelcome,
    Completion,
    Holder,
    LeaseInfo,
    LeaseRequest,
    SignalInfo,
)

RETRY_LATER_S = 5
"""When an agent for whom there is no room to wait may ask again."""

Claimed = Annotated[str, Path(pattern=ID_PATTERN, description="`item_id` of the lease.")]


async def _same_version(
    theirs: Annotated[str, Header(alias=VERSION_HEADER, max_length=64, description="Of the agent's `nas-service`.")],
) -> None:
    """Raises ConflictError: an older or newer agent may time by another method."""
    ours = version("nas-service")
    if theirs != ours:
        detail = (
            f"the agent has nas-service {theirs}, the service {ours}, and they may time differently;"
            f" on the device: pip install --no-deps nas-service=={ours}"
        )
        raise ConflictError("agent-version", detail)


router = APIRouter(
    prefix="/v1/agent", tags=["agents"], dependencies=[Depends(_same_version)], responses=refusals(404, 409)
)


@router.post("/workers", status_code=201)
def connect_agent(agent: DeviceAgent, service: ServiceDep, hello: AgentHello) -> AgentWelcome:
    """Say who you are, once, and again whenever you are not known any more (404)."""
    worker = agent_worker(hello, agents.served_tenant(agent.tenant))
    agents.connect(service.store, worker)
    return AgentWelcome(worker_id=worker.id)


@router.delete("/workers/{worker_id}", status_code=204)
def disconnect_agent(
    agent: DeviceAgent, service: ServiceDep, worker_id: Annotated[str, Path(pattern=ID_PATTERN)]
) -> None:
    """Leave. Whatever is still held is given to another when its lease expires."""
    agents.leave(service.store, worker_id, agent.tenant)


@router.post(
    "/leases",
    response_model=LeaseInfo,
    responses={204: {"description": "No work now; come back at once, or after `Retry-After` seconds"}},
)
async def lease_work(
    request: Request, agent: DeviceAgent, service: ServiceDep, wanted: LeaseRequest
) -> LeaseInfo | Response:
    """A model to time on your device. The answer waits up to `wait_s` for one to come."""
    feed: WorkFeed = request.app.state.work_feed
    worker = await run_sync(agents.heard_of, service.store, wanted.worker_id, agent.tenant)

    def concerns(waiting: Waiting) -> bool:
        return any(queue in worker.queues and worker.owner in {None, tenant} for queue, tenant in waiting)

    clock = asyncio.get_running_loop()
    ends_at = clock.time() + wanted.wait_s
    # One that has hung up must not get a lease that nobody serves.
    while not await request.is_disconnected():
        lease = await run_sync(_lease, service, worker)
        if lease is not None:
            return lease
        if feed.is_full:
            return Response(status_code=204, headers={"Retry-After": str(RETRY_LATER_S)})
        if not await feed.wait(concerns, ends_at - clock.time()):
            break
    return Response(status_code=204)


def _lease(service: Service, worker: Worker) -> LeaseInfo | None:
    lease_s = service.settings.lease_s
    item = work.claim(service.store, worker.queues, worker.id, lease_s, worker.owner)
    if item is None:
        return None
    return lease_info(item, agents.spec_of(service.store, item), service.settings)


def _held(agent: DeviceAgent, service: ServiceDep, item_id: Claimed, holder: Holder) -> WorkItem:
    return agents.held(service.store, item_id, agents.Hold(holder.worker_id, holder.token), agent.tenant)


@router.get("/items/{item_id}/model", response_class=ArtifactResponse, responses=DOWNLOAD)
def download_model(
    agent: DeviceAgent, service: ServiceDep, item_id: Claimed, holder: Annotated[Holder, Query()]
) -> Response:
    """The model to time, whole or in parts (`Range`). Its `ETag` is its sha256: compare it with the lease's."""
    item = _held(agent, service, item_id, holder)
    sha256, form = item.payload["model_sha256"], agents.target_of(service.store, item).format
    path, headers = service.artifacts.open_path(sha256), {"ETag": f'"{sha256}"'}
    return ArtifactResponse(path, media_type=form.media_type, filename=form.file_name, headers=headers)


@router.post("/items/{item_id}/heartbeat")
def heartbeat(agent: DeviceAgent, service: ServiceDep, item_id: Claimed, holder: Holder) -> SignalInfo:
    """Renew the lease, and learn whether to go on."""
    agents.heard_of(service.store, holder.worker_id, agent.tenant)
    item = _held(agent, service, item_id, holder)
    return SignalInfo(signal=work.heartbeat(service.store, item, service.settings.lease_s))


@router.post("/items/{item_id}/complete", status_code=204)
def complete_item(agent: DeviceAgent, service: ServiceDep, item_id: Claimed, done: Completion) -> None:
    """Hand in the measurement. Refused (409) where the lease was lost: then drop it."""
    hold = agents.Hold(done.worker_id, done.token)
    agents.complete(service.store, item_id, hold, agent.tenant, done.measurement.model_dump(mode="json"))


@router.post("/items/{item_id}/fail", status_code=204)
def fail_item(agent: DeviceAgent, service: ServiceDep, item_id: Claimed, failed: AgentFailure) -> None:
    """Say why it cannot be timed, and whether another try may succeed."""
    item = _held(agent, service, item_id, failed)
    agents.fail(service.store, item, Failure(failed.problem, failed.detail), retry=failed.retry)


@router.post("/items/{item_id}/release", status_code=204)
def release_item(agent: DeviceAgent, service: ServiceDep, item_id: Claimed, holder: Holder) -> None:
    """Give the item back unfinished: after a pause or a cancellation, or because you leave."""
    agents.let_go(service.store, _held(agent, service, item_id, holder))
