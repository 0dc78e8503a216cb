"""What a client raises.

ClientError                  the service refused; `problem` says why
├── UnreachableError         the service did not answer, after all retries
├── SearchFailedError        a search that was waited for failed or was cancelled
└── CorruptDownloadError     a download's checksum is wrong; nothing was kept
"""

import httpx
from pydantic import ValidationError

from nas_service.wire.problem import Problem
from nas_service.wire.searches import SearchDetail


class ClientError(Exception):
    """The service refused, or gave an answer that cannot be used. `problem` is its problem document."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


class UnreachableError(ClientError):
    """The service did not answer. Start it, or mend the URL."""

    def __init__(self, url: str, cause: Exception) -> None:
        detail = f"{url} does not answer ({type(cause).__name__}: {cause}); start the service with `nas up`"
        super().__init__(_local_problem("unreachable", "The service does not answer", 503, detail))


class CorruptDownloadError(ClientError):
    """What arrived is not what the service stores; download it again."""

    def __init__(self, name: str, expected_sha256: str, found_sha256: str) -> None:
        detail = f"{name} arrived with sha256 {found_sha256}, expected {expected_sha256}; download it again"
        super().__init__(_local_problem("corrupt-download", "A download is corrupt", 502, detail))


class SearchFailedError(ClientError):
    """The search is over without a front; `search` says why."""

    def __init__(self, search: SearchDetail) -> None:
        reason = search.failure.detail if search.failure else f"it was {search.status.value.lower()}"
        super().__init__(_local_problem("search-failed", "The search has no front", 409, f"{search.id}: {reason}"))
        self.search = search


def _local_problem(slug: str, title: str, status: int, detail: str) -> Problem:
    return Problem(type=f"/problems/{slug}", title=title, status=status, detail=detail, request_id="")


def error_of(response: httpx.Response) -> ClientError:
    """The error that a read response with status 4xx or 5xx stands for."""
    try:
        return ClientError(Problem.model_validate_json(response.content))
    except ValidationError:
        detail = f"{response.url} answered {response.status_code} without a problem document; is it this service?"
        return ClientError(_local_problem("unexpected-answer", "Unexpected answer", response.status_code, detail))
