"""Latency tables as Once-for-All publishes them (Cai et al., 2020): a time for each block, keyed by its shapes.

A network's latency is the plain sum of its entries: fusion, caches and the cost of a call are in none of them.
"""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from nas_service.latency.networks import Networks
from search_spaces.plan import ACTIVATIONS, KINDS
from search_spaces.table import FloatArray

Entry = float | Mapping[str, float]
"""A time in ms, or such an entry's `mean` beside its `count` and `std`."""


class MissingEntriesError(LookupError):
    """Networks have blocks that the table knows nothing of."""

    def __init__(self, keys: list[str]) -> None:
        more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
        super().__init__(f"the table has no entry {', '.join(keys[:3])}{more}")
        self.keys = keys


class PublishedTable:
    """Predicts by looking up."""

    def __init__(self, entries: Mapping[str, float]) -> None:
        self.entries = dict(entries)

    @classmethod
    def read(cls, tables: list[Mapping[str, Entry]]) -> Self:
        """From published tables, one a resolution. Raises ValueError for an entry without a time."""
        entries: dict[str, float] = {}
        for table in tables:
            for key, entry in table.items():
                time_ms = entry.get("mean") if isinstance(entry, Mapping) else entry
                if isinstance(time_ms, bool) or not isinstance(time_ms, int | float) or not 0 < time_ms < np.inf:
                    raise ValueError(f"{key}: {entry!r} is neither a time in ms nor an object with a `mean` in ms")
                entries[key] = float(time_ms)
        return cls(entries)

    def predict(self, networks: Networks) -> FloatArray:
        """Latencies in ms, (n,). Raises MissingEntriesError."""
        return networks.total(self.blocks_ms(networks))

    def doubt(self, networks: Networks) -> FloatArray:
        """See `fit.Predictor`: a block is in the table, or nothing is predicted."""
        return np.zeros(len(networks))

    def blocks_ms(self, networks: Networks) -> FloatArray:
        """Time of each distinct block, (u,). Raises MissingEntriesError."""
        keys = block_keys(networks)
        missing = sorted({key for key in keys if key is not None and key not in self.entries})
        if missing:
            raise MissingEntriesError(missing)
        return np.array([0.0 if key is None else self.entries[key] for key in keys])

    def to_json(self) -> dict[str, Any]:
        """As stored."""
        return {"kind": "table", "entries": self.entries}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read back what `to_json` wrote."""
        return cls(document["entries"])


def block_keys(networks: Networks) -> list[str | None]:
    """The published name of each distinct block; None for the absent one. Raises ValueError for kinds without."""
    blocks = networks.blocks
    columns = ("kind", "in_channels", "mid_channels", "out_channels", "kernel", "stride", "se_channels", "activation")
    named = {name: getattr(blocks, name)[:, 0].tolist() for name in (*columns, "residual", "in_size", "out_size")}
    return [_key(dict(zip(named, values, strict=True))) for values in zip(*named.values(), strict=True)]


def _key(block: Mapping[str, int]) -> str | None:
    if block["kind"] < 0:
        return None
    kind = KINDS[block["kind"]]
    names = {"global_pool": "AvgPool2D", "feature_mix": "Conv_2", "classifier": "Logits", "inverted": "expanded_conv"}
    if kind == "conv":
        name = "Conv_1" if block["kernel"] == 1 else "Conv"
    elif kind in names:
        name = names[kind]
    else:
        raise ValueError(f"published tables have no blocks of kind {kind}")
    before, after, channels = block["in_size"], block["out_size"], block["out_channels"]
    if kind == "classifier":
        before = 1
    shapes = f"{name}-input:{before}x{before}x{block['in_channels']}-output:{after}x{after}x{channels}"
    if kind == "classifier":
        return shapes.removesuffix(f"-output:{after}x{after}x{channels}") + f"-output:{channels}"
    if kind != "inverted":
        return shapes
    hard_swish = int(ACTIVATIONS[block["activation"]] == "hard_swish")
    flags = f"idskip:{block['residual']}-se:{int(block['se_channels'] > 0)}-hs:{hard_swish}"
    return f"{shapes}-expand:{block['mid_channels']}-kernel:{block['kernel']}-stride:{block['stride']}-{flags}"
