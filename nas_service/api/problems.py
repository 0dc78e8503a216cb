"""Every refusal as problem+json (RFC 9457), whoever raised it."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from http import HTTPStatus
from math import ceil
from typing import Any

from anyio.to_thread import run_sync
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError, ProgrammingError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from nas_service.domain.errors import (
    ConflictError,
    DatasetError,
    ForbiddenError,
    GoneError,
    LimitError,
    NasError,
    NotFoundError,
    RetryableError,
    SpecError,
    UnauthenticatedError,
    UserError,
)
from nas_service.store.migrate import is_current
from nas_service.store.unit_of_work import SqlStore
from nas_service.wire.problem import MEDIA_TYPE, FieldError, Problem

STATUS_OF: Mapping[type[NasError], int] = {
    SpecError: 422,
    DatasetError: 422,
    UnauthenticatedError: 401,
    ForbiddenError: 403,
    NotFoundError: 404,
    GoneError: 410,
    ConflictError: 409,
    LimitError: 429,
    UserError: 400,
    RetryableError: 503,
    NasError: 500,
}
"""From the particular to the general: the first family that fits decides."""

RETRY_AFTER_S = 1
HIDDEN_DETAIL = "the service failed; its log says why under the request id"


class RefusedRequestError(UserError):
    """A request that the edge itself refuses, with the HTTP status to say so."""

    def __init__(self, status: int, problem: str, detail: str) -> None:
        super().__init__(problem, detail)
        self.http_status = status


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's description of these refusals, for a route's `responses`."""
    return {status: {"model": Problem, "description": HTTPStatus(status).phrase} for status in statuses}


def problem_response(
    scope: Scope,
    status: int,
    problem: str,
    detail: str,
    *,
    errors: Iterable[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem document; `problem` is its stable slug."""
    document = Problem(
        type=f"/problems/{problem}",
        title=problem.replace("-", " ").capitalize(),
        status=status,
        detail=detail,
        request_id=scope.get("state", {}).get("request_id", ""),
        errors=tuple(errors),
    )
    retry = {"Retry-After": str(RETRY_AFTER_S)} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    content = document.model_dump_json(exclude_defaults=True)
    return Response(content, status, {**retry, **(headers or {})}, media_type=MEDIA_TYPE)


async def _on_domain_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, NasError)
    status = next(status for family, status in STATUS_OF.items() if isinstance(error, family))
    if isinstance(error, RefusedRequestError):
        status = error.http_status
    detail = HIDDEN_DETAIL if status == HTTPStatus.INTERNAL_SERVER_ERROR else error.detail
    return problem_response(
        request.scope, status, error.problem, detail, errors=_fields(error), headers=_headers(error)
    )


def _fields(error: NasError) -> list[FieldError]:
    match error:
        case SpecError():
            return [FieldError(field=p.field, message=p.message) for p in error.problems]
        case LimitError(field=field) if field:
            return [FieldError(field=field, message=error.detail)]
        case _:
            return []


def _headers(error: NasError) -> dict[str, str]:
    match error:
        case UnauthenticatedError():
            return {"WWW-Authenticate": "Bearer"}
        case LimitError():
            return {"Retry-After": str(max(1, ceil(error.retry_after_s)))}
        case _:
            return {}


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [FieldError(field=".".join(map(str, e["loc"])), message=e["msg"]) for e in error.errors()]
    detail = "; ".join(f"{e.field}: {e.message}" for e in errors)
    return problem_response(request.scope, 422, "invalid-request", detail, errors=errors)


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    phrase = HTTPStatus(error.status_code).phrase
    detail = error.detail if error.detail != phrase else f"{phrase}: {request.method} {request.url.path}; see /docs"
    slug = phrase.lower().replace(" ", "-")
    return problem_response(request.scope, error.status_code, slug, detail, headers=error.headers)


async def _on_store_error(request: Request, error: Exception) -> Response:
    """Asks the database again: what is missing there is a fault of the statement to some databases."""
    if await run_sync(_is_not_migrated, request.app.state.service.store):
        detail = "the database does not have the schema of this version; run `nas migrate`"
        return problem_response(request.scope, 503, "schema-not-current", detail)
    if isinstance(error, ProgrammingError):
        raise error
    detail = "the database does not answer now; try again in a moment"
    return problem_response(request.scope, 503, "store-unavailable", detail)


def _is_not_migrated(store: SqlStore) -> bool:
    try:
        with store.read() as uow:
            return not is_current(uow.connection)
    except SQLAlchemyError:
        return False


_HANDLERS: Mapping[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    NasError: _on_domain_error,
    RequestValidationError: _on_invalid_request,
    HTTPException: _on_http_error,
    **dict.fromkeys((OperationalError, ProgrammingError, PoolTimeoutError), _on_store_error),
}

ANSWERED = tuple(_HANDLERS)
"""Errors that have a problem document."""


async def answer(request: Request, error: Exception) -> Response:
    """The problem document of one of `ANSWERED`."""
    handler = next(handler for family, handler in _HANDLERS.items() if isinstance(error, family))
    return await handler(request, error)


def install(app: FastAPI) -> None:
    """Answer every error of `app` with a problem document; unexpected ones are the request log's."""
    for family, handler in _HANDLERS.items():
        app.add_exception_handler(family, handler)
