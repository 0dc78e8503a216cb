"""Opaque list cursors: the sort key of the last row seen."""

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AwareDatetime, Field, TypeAdapter

from nas_service.domain.errors import UserError

Key = TypeVar("Key")

# Within these bounds every time zone's times are times in UTC too.
_Time = Annotated[AwareDatetime, Field(ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(9999, 1, 1, tzinfo=UTC))]
TIME_AND_ID: TypeAdapter[tuple[datetime, str]] = TypeAdapter(tuple[_Time, Annotated[str, Field(pattern=r"^[\w-]+$")]])
"""Where a list goes from the newest to the oldest."""


def encode(key: list[Any]) -> str:
    """A cursor that stands for the row with this sort key."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def decode(cursor: str, kind: TypeAdapter[Key]) -> Key:
    """The sort key, which must be of this kind. Raises UserError for anything that `encode` did not make."""
    try:
        return kind.validate_json(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        detail = "the cursor is not one of ours: take it from `next_cursor` unchanged"
        raise UserError("invalid-cursor", detail) from error
