"""What holds of every architecture of every space."""

import json
from collections.abc import Sequence

import jsonschema
import numpy as np

from search_spaces import Architecture, SearchSpace


def check_ways_back(space: SearchSpace, architectures: Sequence[Architecture]) -> None:
    """Indices, one-hot rows and JSON lead back to each; what is near it is another one, in canonical form."""
    assert space.from_indices(space.to_indices(architectures)) == architectures
    assert space.from_one_hot(space.to_one_hot(architectures)) == architectures
    validator = jsonschema.Draft202012Validator(space.json_schema())
    for architecture in architectures:
        assert space.canonical(json.loads(architecture.to_json())["values"]) == architecture
        assert validator.is_valid(dict(architecture.values))
        others = [space.mutate(architecture, np.random.default_rng(0), 0.1), *space.neighbours(architecture)]
        assert architecture not in others
        assert all(space.canonical(other.values).values == other.values for other in others)
