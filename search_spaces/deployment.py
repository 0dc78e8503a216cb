"""How a network is executed and stored, as choices of any space: the same layers, and another architecture."""

from collections.abc import Mapping
from typing import TypeVar

from search_spaces.rules import RealNumber
from search_spaces.vocabulary import Choice

_Value = TypeVar("_Value")

PRECISIONS = ("fp32", "int8")

PRECISION = Choice(
    "precision",
    PRECISIONS,
    doc="Optional: at which precision targets execute the network; the network itself is the same.",
    default="fp32",
)

SPARSITY = Choice(
    "sparsity",
    (0.0, 0.5, 0.75, 0.9),
    ordinal=True,
    doc="Optional: share of zeros among the weights of dense convolutions and linear layers, rising in training. It "
    "makes `packed_bytes` smaller, and neither `size_bytes` nor any latency: runtimes compute with zeros, too.",
    rule=RealNumber(0.0, 0.98),
    default=0.0,
)


def network_values(values: Mapping[str, _Value]) -> dict[str, _Value]:
    """Of an architecture's values those that say which network it is, weights and all."""
    return {name: value for name, value in values.items() if name != PRECISION.name}


def layer_values(values: Mapping[str, _Value]) -> dict[str, _Value]:
    """Of an architecture's values those that say what is computed: layers, whatever their weights."""
    return {name: value for name, value in network_values(values).items() if name != SPARSITY.name}
