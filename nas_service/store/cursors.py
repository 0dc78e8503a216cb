"""Opaque list cursors: the sort key of the last row seen."""

import base64
import binascii
import json
from typing import Any

from nas_service.domain.errors import UserError


def encode(key: list[Any]) -> str:
    """A cursor that stands for the row with this sort key."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def decode(cursor: str) -> list[Any]:
    """The sort key. Raises UserError for anything that `encode` did not make."""
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        key = None
    if not isinstance(key, list):
        raise UserError("invalid-cursor", "the cursor is not one of ours: take it from `next_cursor` unchanged")
    return key
