"""What is told to those who watch a search."""

from dataclasses import dataclass
from datetime import datetime

from nas_service.domain.entities.names import JsonDict


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a search, in order."""

    id: int
    search_id: str
    at: datetime
    kind: str
    payload: JsonDict
