"""Conditional requests (RFC 9110, section 13): answer 304 where the client already has what it asks for."""

import hashlib
import json
from collections.abc import Sequence

from starlette.responses import Response

from nas_service.domain.entities import Search, WorkItem


def etag_of_search(search: Search, work: Sequence[WorkItem]) -> str:
    """Changes with the search's version and with the progress of its workers.

    Weak: the time spent, which only tells how long the same state has lasted, is left out.
    """
    seen = [[item.id, item.status, item.attempt, item.progress] for item in work]
    digest = hashlib.sha256(json.dumps([search.id, search.version, seen]).encode()).hexdigest()
    return f'W/"{digest[:20]}"'


def matches(if_none_match: str | None, etag: str) -> bool:
    """Whether the client has this version, by weak comparison."""
    known = [tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")]
    return "*" in known or etag.removeprefix("W/") in known


def not_modified(etag: str) -> Response:
    """The client's copy is current."""
    return Response(status_code=304, headers={"ETag": etag})
