"""Structured logs: one JSON object a line on standard output, the same from every process and every library."""

import logging
import os
import sys
import threading
from types import TracebackType

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from nas_service import tracing
from nas_service.redaction import redactor

log = structlog.get_logger(__name__)

OWN_HANDLERS = ("optuna", "celery", "uvicorn")
"""Libraries that write in a form of their own until it is taken from them."""


def configure(process: str) -> None:
    """Everything that this process says from now on: own lines, those of libraries, warnings, and what ended it."""
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _origin(process),
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*common, _render()],
        logger_factory=structlog.PrintLoggerFactory(),
        cache_logger_on_first_use=True,
    )
    _capture_libraries(common)
    sys.excepthook = _died
    threading.excepthook = lambda failed: _died(failed.exc_type, failed.exc_value, failed.exc_traceback)


def _origin(process: str) -> Processor:
    """Not a context variable: threads would not have it."""

    def add(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
        event["process"] = process
        if (trace_id := tracing.trace_id()) is not None:
            event["trace_id"] = trace_id
        return event

    return add


def _render() -> Processor:
    as_json, redact = structlog.processors.JSONRenderer(), redactor(os.environ)

    def render(logger: WrappedLogger, name: str, event: EventDict) -> str:
        return redact(str(as_json(logger, name, event)))

    return render


def _capture_libraries(common: list[Processor]) -> None:
    """Their warnings, and what Python itself warns of, written as our own lines are."""
    handler = logging.StreamHandler(sys.stdout)
    only_ours = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*common, structlog.stdlib.add_logger_name], processors=[only_ours, _render()]
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.captureWarnings(capture=True)
    for name in OWN_HANDLERS:
        library = logging.getLogger(name)
        library.handlers, library.propagate = [], True
        library.setLevel(logging.WARNING)


def _died(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if error is not None and not issubclass(kind, KeyboardInterrupt):
        log.critical("unexpected error", exc_info=(kind, error, trace))
