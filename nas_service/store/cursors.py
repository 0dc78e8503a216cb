"""Opaque list cursors: the sort key of the last row seen."""

import base64
import binascii
import json
from typing import Any, TypeVar

from pydantic import TypeAdapter

from nas_service.domain.errors import UserError

Key = TypeVar("Key")


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
