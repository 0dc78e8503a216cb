"""What an agent on a remote device may do: be known, take timings of its device, and end those that it holds.

An agent serves the searches of its key's tenant, and with a key of the default tenant (the operator's) everybody's.
"""

from dataclasses import dataclass

from nas_service.domain.entities import DEFAULT_TENANT, Failure, JsonDict, Worker, WorkItem
from nas_service.domain.errors import ConflictError, NotFoundError, UserError
from nas_service.domain.executed import timed_target
from nas_service.domain.spec import LOCAL_DEVICE, SearchSpec, TargetSpec
from nas_service.domain.states import SearchStatus, WorkStatus, is_over
from nas_service.use_cases import work
from nas_service.use_cases.ports import Store


@dataclass(frozen=True, slots=True)
class Hold:
    """Who holds an item, and under which fencing token."""

    worker_id: str
    token: int


def served_tenant(tenant: str) -> str | None:
    """The tenant that an agent with a key of `tenant` serves alone; None: everybody."""
    return None if tenant == DEFAULT_TENANT else tenant


def connect(store: Store, agent: Worker) -> None:
    """Note an agent and its device. Raises UserError for the name that stands for workers beside the service."""
    name = agent.device["name"]
    if name == LOCAL_DEVICE:
        raise UserError("reserved-device", f"{name!r} is where the service's own workers run; give the device a name")
    with store.write() as uow:
        uow.workers.beat(agent)


def leave(store: Store, worker_id: str, tenant: str) -> None:
    """Forget an agent. Raises NotFoundError."""
    with store.write() as uow:
        uow.workers.forget(_agent(uow.workers.get(worker_id), tenant).id)


def heard_of(store: Store, worker_id: str, tenant: str) -> Worker:
    """The agent is alive. Raises NotFoundError where it has to say again who it is."""
    with store.write() as uow:
        agent = _agent(uow.workers.get(worker_id), tenant)
        uow.workers.beat(agent)
    return agent


def held(store: Store, item_id: str, hold: Hold, tenant: str) -> WorkItem:
    """The item as its holder knows it. Raises NotFoundError, and ConflictError where it is the holder's no more."""
    item, _ = _found(store, item_id, hold, tenant)
    if not _holds(hold, item):
        raise lease_lost(item_id)
    return item


def spec_of(store: Store, item: WorkItem) -> SearchSpec:
    """Of the search that a timing is for."""
    with store.read() as uow:
        return uow.searches.get(item.search_id).spec


def target_of(store: Store, item: WorkItem) -> TargetSpec:
    """What a timing is to be taken on."""
    return timed_target(spec_of(store, item), item.payload)


def complete(store: Store, item_id: str, hold: Hold, tenant: str, measured: JsonDict) -> None:
    """Commit a well-formed measurement; once more is no mistake, for the first answer may have been lost.

    Raises UserError where it is of something else; NotFoundError, and ConflictError where the lease was lost.
    """
    item, agent = _found(store, item_id, hold, tenant)
    if not _holds(hold, item):
        work.refuse(store, item)
        raise lease_lost(item_id)
    if item.status is WorkStatus.DONE:
        return
    birthplace = measured["birthplace"] | {"device": agent.device["name"]}
    _check_birthplace(birthplace, target_of(store, item), agent)
    whose = {"device_id": agent.device["id"], "owner": agent.owner}
    # The lease may have been lost since.
    _accepted(work.complete(store, item, measured | whose | {"birthplace": birthplace}), item)


def fail(store: Store, item: WorkItem, failure: Failure, *, retry: bool) -> None:
    """Report a failure. Raises ConflictError where the lease was lost."""
    _accepted(work.fail(store, item, failure, retry=retry), item)


def let_go(store: Store, item: WorkItem) -> None:
    """Take an unfinished item back: to its queue, or to its end where nobody wants it. Raises ConflictError."""
    with store.read() as uow:
        status = uow.searches.get(item.search_id).status
    wanted = not is_over(status) and status is not SearchStatus.CANCELLING
    _accepted(work.give_back(store, item) if wanted else work.drop(store, item), item)


def lease_lost(item_id: str) -> ConflictError:
    """Whatever the agent has done for the item is void."""
    return ConflictError("lease-lost", f"{item_id} was given to another, or nobody wants it any more; drop it")


def _found(store: Store, item_id: str, hold: Hold, tenant: str) -> tuple[WorkItem, Worker]:
    with store.read() as uow:
        return uow.work.get(item_id), _agent(uow.workers.get(hold.worker_id), tenant)


def _holds(hold: Hold, item: WorkItem) -> bool:
    return (item.worker_id, item.token) == (hold.worker_id, hold.token)


def _agent(worker: Worker, tenant: str) -> Worker:
    """The worker, if it is an agent with a key of this tenant."""
    if not worker.remote or worker.owner != served_tenant(tenant):
        raise NotFoundError("no-such-worker", f"there is no worker {worker.id!r}; it has to say who it is again")
    return worker


def _accepted(accepted: bool, item: WorkItem) -> None:
    if not accepted:
        raise lease_lost(item.id)


def _check_birthplace(birthplace: JsonDict, target: TargetSpec, agent: Worker) -> None:
    said = {name: birthplace[name] for name in ("device_id", "runtime", "precision", "threads", "batch_size")}
    asked = {"device_id": agent.device["id"], **target.model_dump(exclude={"device"})}
    if said != asked:
        raise UserError("another-target", f"the measurement is of {said}, but asked for was {asked}")
