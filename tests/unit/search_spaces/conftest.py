"""Every registered space with each of its presets: register a space and all of this suite runs on it."""

import numpy as np
import pytest

from search_spaces import Architecture, NetworkInput, SearchSpace, get, names

PRESETS = [(name, preset) for name in names() for preset in get(name).presets()]


@pytest.fixture(params=PRESETS, ids=lambda pair: "-".join(pair))
def space(request: pytest.FixtureRequest) -> SearchSpace:
    """One preset of one registered space."""
    name, preset = request.param
    return get(name, preset)


@pytest.fixture
def architectures(space: SearchSpace) -> list[Architecture]:
    """Random architectures of the space."""
    return space.sample(np.random.default_rng(0), 20)


@pytest.fixture
def network_input() -> NetworkInput:
    """Colour images of seven classes."""
    return NetworkInput(channels=3, class_count=7)
