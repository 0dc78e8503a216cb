"""What a search consists of when it leaves the service in one file, and who vouches for what came in by one."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from nas_service.domain.entities import Artifact, Candidate, Evaluation, Event, Measurement, Search
from nas_service.domain.records import WorkRecord

FORMAT = 1
"""Of the files; rises when a part changes its meaning."""
MANIFEST = "manifest.json"
FILES = "files/"
"""How the names of parts begin that are artifacts; the rest is their sha256."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A finalized candidate's file, under the name that it has there."""

    candidate_id: str
    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,100}$")]
    artifact: Artifact


ROWS: dict[str, type] = {
    "search.jsonl": Search,
    "evaluations.jsonl": Evaluation,
    "measurements.jsonl": Measurement,
    "candidates.jsonl": Candidate,
    "files.jsonl": KeptFile,
    "work.jsonl": WorkRecord,
    "events.jsonl": Event,
}
"""By part what its lines are, in the order in which each refers to none but earlier ones."""


class Part(BaseModel):
    """One member of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: Sha256
    size_bytes: Annotated[int, Field(ge=0)]


class Manifest(BaseModel):
    """Says what the other members are; any of them that is otherwise is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int
    service: Annotated[str, StringConstraints(max_length=100)]
    """Version of the service that wrote it."""
    parts: dict[str, Part]
