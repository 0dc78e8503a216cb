"""Conditional requests (RFC 9110, section 13): answer 304 where the client already has what it asks for."""

import hashlib
import json
from typing import Annotated, Any

from fastapi import Header
from starlette.responses import Response

from nas_service.use_cases.ports import UnitOfWork

IfNoneMatch = Annotated[
    str | None, Header(alias="If-None-Match", description="The `ETag` of the version that you have.")
]
UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "Nothing has changed since the version named by `If-None-Match`"}
}


def etag_of_search(uow: UnitOfWork, search_id: str) -> str:
    """Changes with the search's version and with the progress of its workers. Raises NotFoundError.

    Weak: the time spent, which only tells how long the same state has lasted, is left out.
    """
    seen = [search_id, uow.searches.version(search_id), uow.work.progress(search_id)]
    return f'W/"{_digest(seen)}"'


def etag_of_front(uow: UnitOfWork, search_id: str, form: str) -> str:
    """Changes with the search's version: only then does its front. Raises NotFoundError."""
    return f'"{_digest([search_id, uow.searches.version(search_id), form])}"'


def _digest(seen: list[Any]) -> str:
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:20]


def matches(if_none_match: str | None, etag: str) -> bool:
    """Whether the client has this version, by weak comparison."""
    known = [tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")]
    return "*" in known or etag.removeprefix("W/") in known


def not_modified(etag: str) -> Response:
    """The client's copy is current."""
    return Response(status_code=304, headers={"ETag": etag})
