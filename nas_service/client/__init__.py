"""The client: searches over HTTP, without the service's storage, samplers or torch."""

from nas_service.client.async_client import AsyncClient
from nas_service.client.async_search import AsyncCandidate, AsyncSearch
from nas_service.client.client import Client
from nas_service.client.errors import ClientError, CorruptDownloadError, SearchFailedError, UnreachableError
from nas_service.client.front import Front
from nas_service.client.search import Candidate, Search

__all__ = [
    "AsyncCandidate",
    "AsyncClient",
    "AsyncSearch",
    "Candidate",
    "Client",
    "ClientError",
    "CorruptDownloadError",
    "Front",
    "Search",
    "SearchFailedError",
    "UnreachableError",
]
