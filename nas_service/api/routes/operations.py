"""For those who run the service: is it alive, is it ready, how much is there to do."""

from fastapi import APIRouter, Request, Response
from sqlalchemy.exc import SQLAlchemyError

from nas_service.api.dependencies import ServiceDep
from nas_service.api.device_converters import worker_info
from nas_service.api.identity import Operator, Scraper
from nas_service.api.instruments import Instruments
from nas_service.bootstrap import Service
from nas_service.domain.entities import TRAIN_QUEUE
from nas_service.domain.errors import RetryableError
from nas_service.store.migrate import is_current
from nas_service.wire.service import Health, Readiness, WorkerList

router = APIRouter(tags=["operations"])

ANY_FILE = "readiness"
"""Asked for to see whether there is an answer; no artifact has this name."""

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/healthz")
async def healthz() -> Health:
    """Whether this process answers. It asks nothing else, so that a busy database does not get it restarted."""
    return Health()


@router.get(
    "/readyz",
    responses={503: {"model": Readiness, "description": "Searches would make no progress; `reasons` says why"}},
)
def readyz(service: ServiceDep, response: Response) -> Readiness:
    """Whether searches would make progress: database, artifacts and broker answer, and a worker can train."""
    checks = (_trouble_with_store, _trouble_with_artifacts, _trouble_with_broker)
    reasons = tuple(reason for check in checks if (reason := check(service)) is not None)
    response.status_code = 503 if reasons else 200
    return Readiness(ready=not reasons, reasons=reasons)


def _trouble_with_store(service: Service) -> str | None:
    try:
        with service.store.read() as uow:
            if not is_current(uow.connection):
                return "the database schema is not current; run `nas migrate`"
            if not any(TRAIN_QUEUE in worker.queues for worker in uow.workers.live()):
                return "no worker that trains is alive; start some with `nas up` or `nas worker`"
    except SQLAlchemyError as error:
        return f"the database does not answer ({type(error).__name__}); check NAS_DATABASE_URL"
    return None


def _trouble_with_artifacts(service: Service) -> str | None:
    try:
        service.files.size_bytes(ANY_FILE)
    except RetryableError as error:
        return f"artifacts cannot be reached: {error.detail}"
    return None


def _trouble_with_broker(service: Service) -> str | None:
    return None if service.dispatcher.is_reachable() else "the broker does not answer; check NAS_BROKER_URL"


@router.get("/v1/workers")
def list_workers(request: Request, operator: Operator, service: ServiceDep) -> WorkerList:
    """Every worker that was heard of lately, with what it serves, its versions, and whether these are the API's own."""
    with service.store.read() as uow:
        workers = uow.workers.live()
    return WorkerList(items=tuple(worker_info(worker, request.app.version) for worker in workers))


@router.get(
    "/metrics", response_class=Response, responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}
)
def metrics(request: Request, _: Scraper) -> Response:
    """Searches, queues, workers, what became of work and candidates, and latencies, in Prometheus' text format."""
    instruments: Instruments = request.app.state.instruments
    return Response(instruments.text(), media_type=METRICS_TYPE)
