"""The tasks: shells around what the embedded mode does too. What there is to do, the database says."""

import structlog
from sqlalchemy.exc import SQLAlchemyError

from nas_service.dispatch.messages import ADVANCE, SWEEP, WORK
from workers import celery_process
from workers.celery_app import app

log = structlog.get_logger()


@app.task(name=WORK)
def work(queue: str) -> None:
    """Do the item whose turn it is in this queue: a message says that one more waits, not which comes next."""
    try:
        celery_process.pool_process().do(queue)
    except SQLAlchemyError as error:
        log.warning("claim failed; a sweep sends it again", queue=queue, error=str(error))


@app.task(name=ADVANCE)
def advance(search_id: str) -> None:
    """Decide what this search does next, if it still asks for that: of many messages the first does for all."""
    control = celery_process.control()
    try:
        if control.take_wake(search_id):
            control.advance(search_id)
    except SQLAlchemyError as error:
        log.warning("advance failed; a sweep sends it again", search=search_id, error=str(error))


@app.task(name=SWEEP)
def sweep() -> None:
    """Take back what was lost."""
    try:
        celery_process.control().sweep()
    except SQLAlchemyError as error:
        log.warning("sweep failed; the next one comes", error=str(error))
