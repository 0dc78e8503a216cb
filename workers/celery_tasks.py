"""The tasks: shells around what the embedded mode does too. What there is to do, the database says."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy.exc import SQLAlchemyError

from nas_service import tracing
from nas_service.dispatch.messages import ADVANCE, SWEEP, TRACEPARENT, WORK
from workers import celery_process
from workers.celery_app import app

log = structlog.get_logger()


@app.task(name=WORK)
def work(queue: str) -> None:
    """Do the item whose turn it is in this queue: a message says that one more waits, not which comes next."""
    try:
        with _traced(WORK, queue=queue):
            celery_process.pool_process().do(queue)
    except SQLAlchemyError as error:
        log.warning("claim failed; a sweep sends it again", queue=queue, error=str(error))


@app.task(name=ADVANCE)
def advance(search_id: str) -> None:
    """Decide what this search does next, if it still asks for that: of many messages the first does for all."""
    control = celery_process.control()
    try:
        with _traced(ADVANCE, search=search_id) as span:
            if control.take_wake(search_id):
                control.advance(search_id)
            else:
                span.discard()
    except SQLAlchemyError as error:
        log.warning("advance failed; a sweep sends it again", search=search_id, error=str(error))


@app.task(name=SWEEP)
def sweep() -> None:
    """Take back what was lost."""
    try:
        celery_process.control().sweep()
    except SQLAlchemyError as error:
        log.warning("sweep failed; the next one comes", error=str(error))


@contextmanager
def _traced(task: str, **ids: str) -> Iterator[tracing.Span]:
    """A part of what sent the message. One that a sweep sent again is a part of nothing: the row knows its trace."""
    sender = getattr(app.current_task.request, TRACEPARENT, None)
    if sender is None:
        yield tracing.Span()
        return
    with tracing.span(task, sender, "consumer", **ids) as span:
        yield span
