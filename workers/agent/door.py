"""The agent's door to the service: every request it makes, typed."""

import hashlib
from importlib.metadata import version
from pathlib import Path

from pydantic import BaseModel

from nas_service.client.errors import ClientError, CorruptDownloadError, UnreachableError
from nas_service.client.files import download
from nas_service.client.transport import Transport
from nas_service.domain.entities import Failure, JsonDict
from nas_service.domain.signals import Signal
from nas_service.wire.agents import VERSION_HEADER, AgentHello, AgentWelcome, LeaseInfo, LeaseRequest, SignalInfo

TIMEOUT_S = 20.0
RETRIES = 3
"""Of one request, within about a second; longer outages are the agent's own business."""
NO_CONTENT = 204
PASSING = frozenset({429, 502, 503, 504})


def is_passing(error: ClientError) -> bool:
    """Whether the service may answer the same request a little later."""
    if isinstance(error, CorruptDownloadError):
        return False
    return isinstance(error, UnreachableError) or error.problem.status in PASSING


class Door:
    """Methods raise ClientError where the service refuses, and UnreachableError where it stays away."""

    def __init__(self, url: str, token: str | None) -> None:
        headers = {VERSION_HEADER: version("nas-service"), "User-Agent": "nas-agent"}
        self._transport = Transport(url, TIMEOUT_S, RETRIES, token, headers)
        self._worker_id = ""

    @property
    def url(self) -> str:
        """Where the service is."""
        return self._transport.url

    @property
    def is_known(self) -> bool:
        """Whether the service knows who this is."""
        return bool(self._worker_id)

    def connect(self, hello: AgentHello) -> str:
        """Say who this is; the id under which the service knows it from now on."""
        self._worker_id = AgentWelcome.model_validate_json(self._post("workers", hello)).worker_id
        return self._worker_id

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def forget(self) -> None:
        """The service does not know this agent any more."""
        self._worker_id = ""

    def leave(self) -> None:
        """Be forgotten."""
        self._transport.request("DELETE", f"/v1/agent/workers/{self._worker_id}")
        self.forget()

    def lease(self, wait_s: float) -> tuple[LeaseInfo | None, float]:
        """The next timing, if one came within `wait_s`; and how long to wait before the next request."""
        wanted = LeaseRequest(worker_id=self._worker_id, wait_s=wait_s)
        response = self._transport.request("POST", "/v1/agent/leases", json=wanted.model_dump(mode="json"))
        if response.status_code == NO_CONTENT:
            return None, float(response.headers.get("retry-after", 0))
        return LeaseInfo.model_validate_json(response.content), 0.0

    def beat(self, lease: LeaseInfo) -> Signal:
        """Renew a lease."""
        return SignalInfo.model_validate_json(self._say(lease, "heartbeat")).signal

    def fetch_model(self, lease: LeaseInfo, folder: Path) -> Path:
        """The model to time, verified against the lease. Raises CorruptDownloadError."""
        path = f"/v1/agent/items/{lease.item_id}/model?worker_id={self._worker_id}&token={lease.token}"
        file_name = lease.target.format.file_name
        model = self._transport.run(download(path, folder / file_name, self._transport.patience))
        with model.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != lease.model_sha256:
            raise CorruptDownloadError(model.name, lease.model_sha256, found)
        return model

    def complete(self, lease: LeaseInfo, measurement: JsonDict) -> None:
        """Hand in a measurement."""
        self._say(lease, "complete", measurement=measurement)

    def fail(self, lease: LeaseInfo, failure: Failure, *, retry: bool) -> None:
        """Say why there is none."""
        self._say(lease, "fail", **failure.to_json(), retry=retry)

    def release(self, lease: LeaseInfo) -> None:
        """Give the item back unfinished."""
        self._say(lease, "release")

    def _say(self, lease: LeaseInfo, what: str, **more: object) -> bytes:
        body = {"worker_id": self._worker_id, "token": lease.token, **more}
        return self._transport.request("POST", f"/v1/agent/items/{lease.item_id}/{what}", json=body).content

    def _post(self, path: str, document: BaseModel) -> bytes:
        return self._transport.request("POST", f"/v1/agent/{path}", json=document.model_dump(mode="json")).content
