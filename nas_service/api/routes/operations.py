"""For those who run the service: is it alive, is it ready, how much is there to do."""

from fastapi import APIRouter, Request, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import RedirectResponse

from nas_service.api.dependencies import ServiceDep
from nas_service.api.identity import Operator
from nas_service.api.instruments import Instruments
from nas_service.bootstrap import Service
from nas_service.store.migrate import is_current
from nas_service.wire.service import Health, Readiness

router = APIRouter(tags=["operations"])

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/", include_in_schema=False)
async def home() -> RedirectResponse:
    """The OpenAPI page."""
    return RedirectResponse("/docs")


@router.get("/healthz")
async def healthz() -> Health:
    """Whether this process answers. It asks nothing else, so that a busy database does not get it restarted."""
    return Health()


@router.get(
    "/readyz",
    responses={503: {"model": Readiness, "description": "Searches would make no progress; `reasons` says why"}},
)
def readyz(service: ServiceDep, response: Response) -> Readiness:
    """Whether searches would make progress: the database answers, its schema is current, a worker is alive."""
    reasons = _what_is_missing(service)
    response.status_code = 503 if reasons else 200
    return Readiness(ready=not reasons, reasons=reasons)


def _what_is_missing(service: Service) -> tuple[str, ...]:
    try:
        with service.store.read() as uow:
            if not is_current(uow.connection):
                return ("the database schema is not current; run `python -m nas_service.migrate`",)
            if not uow.workers.live():
                return ("no worker is alive; start some with `nas up`",)
    except SQLAlchemyError as error:
        return (f"the database does not answer ({type(error).__name__}); check NAS_DATABASE_URL",)
    return ()


@router.get(
    "/metrics", response_class=Response, responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}
)
def metrics(request: Request, _: Operator) -> Response:
    """Searches, queues, workers, what became of work and candidates, and latencies, in Prometheus' text format."""
    instruments: Instruments = request.app.state.instruments
    return Response(instruments.text(), media_type=METRICS_TYPE)
