"""The share of zeros as an optional choice: the same network, which costs the same, and another architecture."""

import numpy as np
import pytest

from search_spaces import ImpossibleChoice, NetworkInput, get
from search_spaces.deployment import layer_values, network_values

SPACES = [("mobilenet", "tiny"), ("ofa_mobilenetv3", "w1.0")]
INPUT = NetworkInput(3, 10)
OFFERED: dict[str, object] = {"sparsity": [0, 0.5, 0.9], "precision": ["fp32", "int8"]}


@pytest.mark.parametrize(("name", "preset"), SPACES)
def test_zeros_make_another_architecture_of_the_same_layers_at_the_same_cost(name: str, preset: str) -> None:
    plain, offered = get(name, preset), get(name, preset, OFFERED)
    assert get(name, preset, {"sparsity": [0.0]}).choices == plain.choices
    assert offered.size() == 6 * plain.size()
    for architecture in plain.sample(np.random.default_rng(0), 4):
        dense, sparse = (offered.canonical({**architecture.values, "sparsity": share}) for share in (0.0, 0.9))
        assert dense == architecture
        assert sparse.key != architecture.key
        assert layer_values(sparse.values) == dict(architecture.values)
        assert network_values(sparse.values) == dict(sparse.values), "its weights are others"
        int8 = offered.canonical({**sparse.values, "precision": "int8"})
        assert (
            offered.network_key(int8.values) == offered.network_key(sparse.values) != offered.network_key(dense.values)
        )
        assert offered.plan(sparse, INPUT) == plain.plan(architecture, INPUT)
        cost = offered.cost([dense, sparse], INPUT)
        assert cost.weight_bytes[0] == cost.weight_bytes[1]
        assert sparse in offered.neighbours(offered.canonical({**architecture.values, "sparsity": 0.5}))


def test_a_network_of_zeros_alone_is_refused() -> None:
    with pytest.raises(ImpossibleChoice, match=r"0\.98"):
        get("mobilenet", "tiny", {"sparsity": [1.0]})
