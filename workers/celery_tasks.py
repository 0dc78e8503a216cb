"""The tasks: shells around what the embedded mode does too. Arguments are ids; the database says whether they hold."""

import structlog
from sqlalchemy.exc import SQLAlchemyError

from nas_service.dispatch.messages import ADVANCE, SWEEP, WORK
from workers import celery_process
from workers.celery_app import app

log = structlog.get_logger()


@app.task(name=WORK)
def work(item_id: str) -> None:
    """Do this work item, if it still waits."""
    try:
        celery_process.pool_process().do(item_id)
    except SQLAlchemyError as error:
        log.warning("claim failed; a sweep sends it again", item=item_id, error=str(error))


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
