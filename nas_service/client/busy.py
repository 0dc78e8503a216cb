"""Answers that mean: not now. They pass, and the same request is worth another try."""

import httpx

from nas_service.client.errors import error_of
from nas_service.client.pauses import LONGEST_PAUSE_S

BUSY = frozenset({502, 503, 504})
TOO_MANY_REQUESTS = 429


class BusyError(Exception):
    """The service answered that it cannot answer now."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(f"status {response.status_code}")
        self.response = response

    @property
    def retry_after_s(self) -> float:
        """The pause it asked for; 0 if none."""
        return _retry_after_s(self.response)


def raise_if_refused(response: httpx.Response) -> None:
    """Raise BusyError or ClientError for a read response with status 4xx or 5xx."""
    if _is_busy(response):
        raise BusyError(response)
    if response.status_code >= 400:
        raise error_of(response)


def _retry_after_s(response: httpx.Response) -> float:
    value = str(response.headers.get("retry-after", ""))
    return float(value) if value.isdigit() else 0.0


def _is_busy(response: httpx.Response) -> bool:
    """A rate limit passes within seconds; a quota does not, and its refusal is worth more than a wait."""
    soon = _retry_after_s(response) <= LONGEST_PAUSE_S
    return response.status_code in BUSY or (response.status_code == TOO_MANY_REQUESTS and soon)
