"""The search space of a search, and the metrics that follow from an architecture alone."""

import json
from collections.abc import Sequence
from functools import lru_cache

import search_spaces
from nas_service.domain.entities import Candidate, Search
from nas_service.domain.spec import Metric


def space_of(search: Search) -> search_spaces.SearchSpace:
    """The space as resolved in the prepare phase."""
    if search.space is None:
        raise ValueError(f"search {search.id} is not prepared")
    return _space(search.space.name, search.space.preset, json.dumps(search.space.choices))


@lru_cache(maxsize=32)
def _space(name: str, preset: str, choices: str) -> search_spaces.SearchSpace:
    return search_spaces.get(name, preset=preset, choices=json.loads(choices))


def network_key(search: Search, candidate: Candidate) -> str:
    """Of the network that a candidate trains. Candidates that differ in how it is deployed have it in common."""
    return space_of(search).network_key(candidate.architecture)


def network_input(search: Search) -> search_spaces.NetworkInput:
    """What the data set fixes about every network."""
    if search.dataset is None:
        raise ValueError(f"search {search.id} is not prepared")
    return search_spaces.NetworkInput(search.dataset.channels, len(search.dataset.classes))


def computable_metrics(search: Search, architectures: Sequence[search_spaces.Architecture]) -> list[dict[str, float]]:
    """MACs, parameters and weight bytes of each architecture, without building it."""
    cost = space_of(search).cost(architectures, network_input(search))
    return [
        {Metric.MACS.value: macs, Metric.PARAMS.value: params, Metric.SIZE_BYTES.value: size}
        for macs, params, size in zip(cost.macs.tolist(), cost.params.tolist(), cost.weight_bytes.tolist(), strict=True)
    ]
