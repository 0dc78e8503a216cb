"""The service's own state on the wire."""

from typing import Literal

from nas_service.wire.base import Document


class Health(Document):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Readiness(Document):
    """Whether searches would make progress now."""

    ready: bool
    reasons: tuple[str, ...]
    """What is missing, and the mend; empty when ready."""


class WorkerInfo(Document):
    """A worker process that was heard of lately."""

    id: str
    host: str
    pid: int
    queues: tuple[str, ...]
    """What it serves."""
    device: str
    """The hardware that it runs on, by name."""
    capacity: int
    """Work items that it does at once."""
    versions: dict[str, str]
    """Of Python and of the libraries that decide which results it gives."""
    outdated: bool
    """Whether its version of this service is another than that of the API: restart it."""
    remote: bool
    """Whether it reaches the service over HTTP alone."""
    seen_s_ago: float


class WorkerList(Document):
    """Every worker that was heard of lately."""

    items: tuple[WorkerInfo, ...]
