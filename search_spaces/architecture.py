"""An architecture: one point of a space as a value, with a key that says whether two are the same network."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from search_spaces.rules import ChoiceValue

KEY_LENGTH = 20  # hex digits: 80 bits, so a billion networks clash with a chance below one in a million


@dataclass(frozen=True, slots=True)
class Architecture:
    """Canonical choice values. Made by `SearchSpace.canonical`, never by hand; equal and hashed by its key."""

    space: str = field(compare=False)
    preset: str = field(compare=False)
    values: Mapping[str, ChoiceValue] = field(compare=False)
    """Active choices only, in the order of the space; read-only."""
    key: str
    """Equal for equal networks of a space and preset, whatever the restrictions they were found under."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", MappingProxyType(dict(self.values)))

    def to_json(self) -> str:
        """One JSON object: space, preset, values, key."""
        return json.dumps({"space": self.space, "preset": self.preset, "values": dict(self.values), "key": self.key})

    @classmethod
    def from_json(cls, text: str) -> "Architecture":
        """Read back what `to_json` wrote. `SearchSpace.canonical` of its values checks it against a space."""
        document: dict[str, Any] = json.loads(text)
        return cls(document["space"], document["preset"], document["values"], document["key"])


def content_key(space: str, preset: str, identity: Mapping[str, object]) -> str:
    """A stable hex key of what an architecture builds: independent of dict order, process and platform."""
    content = json.dumps([space, preset, identity], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()[:KEY_LENGTH]
