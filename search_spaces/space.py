"""What every search space is: choices, and everything that follows from them.

A space declares its choices and lays architectures out as blocks; size, sampling, legality, canonical form, encodings,
moves, schema, cost and plan are the same for all. No torch here.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from search_spaces import encoding, legality, moves, schema
from search_spaces.architecture import Architecture, content_key
from search_spaces.columns import Columns
from search_spaces.conditions import count_assignments, mask_inactive
from search_spaces.cost import Cost, block_costs
from search_spaces.deployment import PRECISION, PRECISIONS, network_values
from search_spaces.errors import UnknownSpace
from search_spaces.plan import NetworkInput, NetworkPlan
from search_spaces.restrict import restrict
from search_spaces.rules import ChoiceValue
from search_spaces.synaptic_flow import log_synaptic_flow
from search_spaces.table import BlockTable, FloatArray, IntArray
from search_spaces.table_plan import plan_of
from search_spaces.vocabulary import Choice, check_declaration

ROWS_AT_ONCE = 4096  # block tables of this many networks stay in the cache of one core


class SearchSpace(ABC):
    """One preset of a space, restricted as a spec asks.

    A subclass gives `name`, `preset_image_sizes`, `declare` and `layout`. Where different choices can build the same
    network it also gives `resolve_ties`, `identity` and `size`, so that equal networks have equal canonical forms.
    """

    name: ClassVar[str]
    preset_image_sizes: ClassVar[Mapping[str, int]]
    """Preset to the image side, in pixels, that it is made for."""

    def __init__(self, preset: str, restrictions: Mapping[str, object] | None = None) -> None:
        """Raises UnknownSpace for an unknown preset and ImpossibleChoice for a restriction no network can follow."""
        if preset not in self.preset_image_sizes:
            raise UnknownSpace("preset", preset, self.preset_image_sizes)
        declared = self.declare(preset)
        check_declaration(declared)
        self.preset = preset
        self.restrictions = dict(restrictions or {})
        self.choices = restrict(declared, self.restrictions)

    @classmethod
    @abstractmethod
    def declare(cls, preset: str) -> tuple[Choice, ...]:
        """All choices of a preset, parents before children."""

    @abstractmethod
    def layout(self, indices: IntArray, network_input: NetworkInput) -> BlockTable:
        """The networks of these masked index rows (n, c) as blocks."""

    @classmethod
    def presets(cls) -> tuple[str, ...]:
        """The names of the presets."""
        return tuple(cls.preset_image_sizes)

    def resolve_ties(self, indices: IntArray) -> IntArray:
        """Of all masked rows that build the same network, the one that stands for them."""
        return indices

    def identity(self, values: Mapping[str, ChoiceValue]) -> Mapping[str, object]:
        """What the key is made of: equal for equal networks, whatever the restrictions. JSON values only."""
        return values

    def size(self) -> int:
        """The exact number of distinct networks."""
        return count_assignments(self.choices)

    def sample(self, rng: np.random.Generator, count: int) -> list[Architecture]:
        """Architectures with every choice drawn uniformly and independently; repeats are possible."""
        return self.from_indices(rng.integers(0, [len(c.options) for c in self.choices], (count, len(self.choices))))

    def check(self, values: Mapping[str, object]) -> None:
        """Raise IllegalArchitecture unless every choice that matters has one of its options."""
        legality.check(self.choices, values)

    def canonical(self, values: Mapping[str, object]) -> Architecture:
        """The architecture of these values: what has no effect is left out, and equal networks become equal."""
        return self.from_indices(legality.index_row(self.choices, values))[0]

    def spelled_out(self, architecture: Architecture) -> dict[str, ChoiceValue]:
        """Its values, and what it leaves out: the defaults of the optional choices that this space has."""
        defaults = {c.name: c.default for c in self.choices if c.default is not None and c.default in c.options}
        return {**defaults, **architecture.values}

    def to_indices(self, architectures: Sequence[Architecture]) -> IntArray:
        """Option numbers (n, c) in the order of `choices`, -1 where a choice does not matter."""
        return encoding.to_indices(self, architectures)

    def from_indices(self, indices: IntArray) -> list[Architecture]:
        """Canonical architectures of any index rows (n, c); what stands in inactive places is ignored."""
        rows = self.canonical_indices(indices)
        return [self._architecture(values) for values in encoding.row_values(self.choices, rows)]

    def canonical_indices(self, indices: IntArray) -> IntArray:
        """Index rows masked and with ties resolved."""
        return self.resolve_ties(mask_inactive(self.choices, np.asarray(indices, dtype=np.int64)))

    def to_one_hot(self, architectures: Sequence[Architecture]) -> encoding.FloatMatrix:
        """One feature an option, float32 (n, f); all zero for a choice that does not matter."""
        return encoding.one_hot(self.choices, self.to_indices(architectures))

    def from_one_hot(self, features: encoding.FloatMatrix) -> list[Architecture]:
        """The architectures of one-hot rows (n, f)."""
        return self.from_indices(encoding.from_one_hot(self.choices, features))

    def feature_names(self) -> list[str]:
        """The names of the one-hot features, such as `stage1_kernel=3`."""
        return [f"{choice.name}={option}" for choice in self.choices for option in choice.options]

    def mutate(self, architecture: Architecture, rng: np.random.Generator, rate: float) -> Architecture:
        """Another architecture, each choice changed with probability `rate`; the same one only if there is no other."""
        return moves.mutate(self, architecture, rng, rate)

    def neighbours(self, architecture: Architecture) -> list[Architecture]:
        """All other architectures one step away; see `moves.neighbours`."""
        return moves.neighbours(self, architecture)

    def json_schema(self) -> dict[str, Any]:
        """A JSON Schema (2020-12) that accepts exactly what `check` accepts."""
        return schema.json_schema(self.name, self.choices)

    def cost(self, architectures: Sequence[Architecture] | IntArray, network_input: NetworkInput) -> Cost:
        """Analytic costs of architectures, or of canonical index rows (n, c); weights at the precision they choose."""
        rows = architectures if isinstance(architectures, np.ndarray) else self.to_indices(architectures)
        starts = range(0, max(len(rows), 1), ROWS_AT_ONCE)
        quantized = self.precisions(rows) == PRECISIONS.index("int8")
        some = (slice(start, start + ROWS_AT_ONCE) for start in starts)
        parts = [block_costs(self.layout(rows[at], network_input), quantized[at]).total() for at in some]
        return Cost(
            macs=np.concatenate([part.macs for part in parts]),
            params=np.concatenate([part.params for part in parts]),
            weight_bytes=np.concatenate([part.weight_bytes for part in parts]),
            peak_activation_bytes=np.concatenate([part.peak_activation_bytes for part in parts]),
        )

    def precisions(self, indices: IntArray) -> IntArray:
        """Of canonical index rows (n, c) the precision that they choose, as its place in `PRECISIONS`: (n,).

        0 where the space does not choose it.
        """
        return Columns(self.choices, indices).codes(PRECISION.name, PRECISIONS)

    def network_key(self, values: Mapping[str, ChoiceValue]) -> str:
        """The key of the network that canonical values build: the same however that is deployed."""
        return self._architecture(network_values(values)).key

    def log_synaptic_flow(self, indices: IntArray, network_input: NetworkInput) -> FloatArray:
        """Of canonical index rows (n, c), as `search_spaces.synaptic_flow` expects it: (n,)."""
        starts = range(0, max(len(indices), 1), ROWS_AT_ONCE)
        parts = (indices[start : start + ROWS_AT_ONCE] for start in starts)
        return np.concatenate([log_synaptic_flow(self.layout(rows, network_input)) for rows in parts])

    def plan(self, architecture: Architecture, network_input: NetworkInput) -> NetworkPlan:
        """The network as blocks with shapes and costs."""
        table = self.layout(self.to_indices([architecture]), network_input)
        return plan_of(table, self.name, network_input)

    def _architecture(self, values: Mapping[str, ChoiceValue]) -> Architecture:
        key = content_key(self.name, self.preset, self.identity(values))
        return Architecture(self.name, self.preset, values, key)
