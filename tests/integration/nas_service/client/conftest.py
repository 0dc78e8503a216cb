"""A client in front of a real server, which can be made to fail."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from benchmarks import no_op_workers
from nas_service.api.app import create_app
from nas_service.bootstrap import Service
from nas_service.client import Client
from nas_service.domain.entities import Artifact
from nas_service.search.memories import SqlMemories
from nas_service.use_cases.ports import Page
from tests.support.api import new_service, plain_logs, serving

SPEC: dict[str, Any] = {
    "dataset": {"name": "digits"},
    "strategy": {"sampler": "random"},
    "budget": {"candidates": 4, "parallelism": 2},
}


class BrokenConnectionError(Exception):
    """Makes the server drop the connection."""


class Troubled:
    """Passes requests on; the next ones may be answered 503, lose their answer, or break off after some bytes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.requests: list[tuple[str, str]] = []
        self.busy = 0
        self.lost_answers = 0
        self.break_after_bytes: int | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self.requests.append((scope["method"], scope["path"]))
        if self.busy:
            self.busy -= 1
            await send({"type": "http.response.start", "status": 503, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        elif self.lost_answers:
            self.lost_answers -= 1
            await self.app(scope, receive, _drop)
            await send({"type": "http.response.start", "status": 202, "headers": [(b"content-length", b"100")]})
            await send({"type": "http.response.body", "body": b"{", "more_body": True})
            raise BrokenConnectionError
        else:
            await self.app(scope, receive, self._breaking(send))

    def _breaking(self, send: Send) -> Send:
        left = self.break_after_bytes

        async def relay(message: Message) -> None:
            nonlocal left
            if left is not None and message["type"] == "http.response.body":
                body = message.get("body", b"")
                if len(body) > left:
                    self.break_after_bytes = None
                    await send({"type": "http.response.body", "body": body[:left], "more_body": True})
                    raise BrokenConnectionError
                left -= len(body)
            await send(message)

        return relay


async def _drop(_message: Message) -> None:
    pass


@pytest.fixture(autouse=True)
def logs() -> Iterator[None]:
    """Failing requests are part of the tests: their logs must not slow them."""
    with plain_logs():
        yield


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service with an empty database."""
    with new_service(tmp_path / "home") as service:
        yield service


@pytest.fixture
def server(service: Service) -> Troubled:
    """The application, and the trouble it has."""
    return Troubled(create_app(service))


@pytest.fixture
def client(server: Troubled) -> Iterator[Client]:
    """A client of that server."""
    with serving(server) as url, Client(url, retries=4) as client:
        yield client


def run_to_end(service: Service, search_id: str) -> None:
    """Work on a search with made-up results until nothing is left to do."""
    no_op_workers.run_to_end(service.store, SqlMemories(), search_id)


@pytest.fixture
def bundle(tmp_path: Path) -> bytes:
    """A bundle large enough to be sent in several parts."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("architecture.json", '{"format": 1}')
        archive.writestr("weights.safetensors", bytes(range(256)) * 2000)
    return content.getvalue()


@pytest.fixture
def candidate_id(service: Service, client: Client, tmp_path: Path, bundle: bytes) -> str:
    """A candidate whose bundle is `bundle`."""
    file = tmp_path / "stored.zip"
    file.write_bytes(bundle)
    return candidate_with(service, client, service.artifacts.put(file, "application/zip"))


def candidate_with(service: Service, client: Client, artifact: Artifact) -> str:
    """A candidate whose bundle is `artifact`."""
    search = client.submit(SPEC | {"finalize": {"top_k": 1}})
    run_to_end(service, search.id)
    with service.store.write() as uow:
        candidates, _ = uow.candidates.page(search.id, Page())
        [candidate] = [c for c in candidates if "bundle.zip" not in uow.evidence.artifacts_of(c.id)][:1]
        uow.evidence.add_artifact(artifact)
        uow.evidence.link_artifact(candidate.id, "bundle.zip", artifact.sha256)
    return candidate.id
