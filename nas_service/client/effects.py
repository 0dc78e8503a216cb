"""What a client does to the world, as values: flows yield them, and a transport does them, blocking or not.

So retries, downloads and waiting are written once (`nas_service.client.flows`) for both clients. It is the way in which
httpx itself serves both with one authentication flow.
"""

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

PARTIAL_CONTENT = 206
BLOCK_BYTES = 2**18

T = TypeVar("T")
OnProgress = Callable[[int, int], None]
"""Called with bytes done and bytes in all."""


@dataclass(frozen=True, slots=True)
class Send:
    """One request; gives its `httpx.Response`, with status below 400. Raises ClientError, BusyError, TransportError."""

    method: str
    path: str
    options: Mapping[str, Any] = field(default_factory=dict)
    """Keywords of `httpx.Client.request`."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """GET what is missing at the end of a file; gives the sha256 that the whole should have. Raises as Send does."""

    path: str
    to: Path

    def headers(self) -> dict[str, str]:
        """Ask from where the file ends."""
        have_bytes = self.to.stat().st_size
        continued = {"Range": f"bytes={have_bytes}-"} if have_bytes else {}
        return {"Accept-Encoding": "identity", **continued}

    def mode(self, response: httpx.Response) -> str:
        """How to open the file: a server may send all again."""
        return "ab" if response.status_code == PARTIAL_CONTENT else "wb"

    def sha256(self, response: httpx.Response) -> str:
        """The ETag is the checksum."""
        return str(response.headers["etag"]).strip('"')


@dataclass(frozen=True, slots=True)
class SendFile:
    """POST a file as the body; gives the response. Raises as Send does."""

    path: str
    file: Path
    params: Mapping[str, str]
    timeout_s: float
    """How long the answer may take once all is sent."""
    on_progress: OnProgress | None = None

    def headers(self) -> dict[str, str]:
        """The length is known, so nothing is sent in chunks."""
        return {"Content-Type": "application/octet-stream", "Content-Length": str(self.file.stat().st_size)}

    def blocks(self) -> Iterator[bytes]:
        """The file, told of as it goes."""
        size_bytes, sent_bytes = self.file.stat().st_size, 0
        with self.file.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                yield block
                sent_bytes += len(block)
                if self.on_progress is not None:
                    self.on_progress(sent_bytes, size_bytes)


@dataclass(frozen=True, slots=True)
class Sleep:
    """Let time pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Work:
    """Something that takes a while on this machine; gives what the function returns."""

    function: Callable[[], Any]


Effect = Send | Fetch | SendFile | Sleep | Work
Flow = Generator[Effect, Any, T]
"""Yields effects, is sent what they give and thrown what they raise, and returns a T."""
