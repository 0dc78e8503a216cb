"""The client: searches over HTTP, without the service's storage, samplers or torch."""

from nas_service.client.client import Client
from nas_service.client.errors import ClientError, CorruptDownloadError, UnreachableError

__all__ = ["Client", "ClientError", "CorruptDownloadError", "UnreachableError"]
