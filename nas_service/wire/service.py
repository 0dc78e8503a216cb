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
