"""Ids, and what else things are called by."""

from typing import Any
from uuid import uuid4

JsonDict = dict[str, Any]


DEFAULT_TENANT = "default"
"""Owns everything where nobody needs a key."""


IMPORTED = "imported:"
"""How the study name of an imported search begins. It has no study; and no tenant is called so."""


CANDIDATES = "candidate-"
"""How the id of a candidate begins."""


def new_id(prefix: str) -> str:
    """A fresh identifier such as `search-3f2a9c1b7d4e`."""
    return f"{prefix}-{uuid4().hex[:12]}"
