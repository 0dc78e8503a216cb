"""Errors on the wire: problem+json (RFC 9457)."""

from pydantic import Field

from nas_service.wire.base import Document

MEDIA_TYPE = "application/problem+json"


class FieldError(Document):
    """What is wrong with one field of the request."""

    field: str = Field(examples=["strategy.sampler"])
    """Dotted path in the spec, or `query.limit` and the like for parameters."""
    message: str
    """What is wrong, and the mend."""


class Problem(Document):
    """Why a request was refused."""

    type: str = Field(examples=["/problems/invalid-spec"])
    """Stable: programs may branch on it."""
    title: str
    """The type in words."""
    status: int
    """The HTTP status."""
    detail: str
    """What happened this time, and what to do."""
    request_id: str
    """Also in the `X-Request-ID` header and in the service's log."""
    errors: tuple[FieldError, ...] = ()
    """Every field at fault, where fields are."""

    @property
    def slug(self) -> str:
        """The last part of `type`, as in `invalid-spec`."""
        return self.type.rpartition("/")[2]
