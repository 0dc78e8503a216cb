"""How a network is deployed, as a choice of any space: it builds the same network, and makes another architecture."""

from collections.abc import Mapping
from typing import TypeVar

from search_spaces.vocabulary import Choice

_Value = TypeVar("_Value")

PRECISIONS = ("fp32", "int8")

PRECISION = Choice(
    "precision",
    PRECISIONS,
    doc="Optional: at which precision targets execute the network; the network itself is the same.",
    default="fp32",
)


def network_values(values: Mapping[str, _Value]) -> dict[str, _Value]:
    """Of an architecture's values those that say which network it is."""
    return {name: value for name, value in values.items() if name != PRECISION.name}
