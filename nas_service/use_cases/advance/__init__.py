"""`advance`: the only place that decides what happens next in a search."""

from nas_service.use_cases.advance.abort import abort
from nas_service.use_cases.advance.advance import advance

__all__ = ["abort", "advance"]
