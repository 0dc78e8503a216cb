"""The expected synaptic flow against that of built networks."""

import numpy as np
import pytest
import torch

import search_spaces
from workers.proxies import synflow


@pytest.mark.parametrize(
    ("preset", "size", "channels", "choices"),
    [("tiny", 8, 1, {}), ("small", 32, 3, {}), ("tiny", 8, 3, {"rank": [1.0, 0.5, 0.25]})],
)
def test_it_ranks_networks_as_the_flow_of_their_weights_does(
    preset: str, size: int, channels: int, choices: dict[str, object]
) -> None:
    """Of two networks whose flows differ by more than a factor of e**3 it says which has the larger."""
    space, given = search_spaces.get("mobilenet", preset, choices), search_spaces.NetworkInput(channels, 10)
    architectures = space.sample(np.random.default_rng(0), 12)
    expected = space.log_synaptic_flow(space.to_indices(architectures), given)
    torch.manual_seed(0)
    image = torch.zeros(1, channels, size, size)
    found = np.array(
        [synflow(search_spaces.build(space, architecture, given), image) for architecture in architectures]
    )
    assert np.ptp(found) > 20
    apart = np.abs(found[:, None] - found[None, :]) > 3
    assert (np.sign(expected[:, None] - expected[None, :]) == np.sign(found[:, None] - found[None, :]))[apart].all()
    assert np.std(found - expected) < 0.1 * np.std(found)


def test_rows_are_taken_in_portions_without_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    space, given = search_spaces.get("mobilenet", preset="tiny"), search_spaces.NetworkInput(1, 10)
    rows = space.to_indices(space.sample(np.random.default_rng(1), 7))
    whole = space.log_synaptic_flow(rows, given)
    monkeypatch.setattr("search_spaces.space.ROWS_AT_ONCE", 3)
    np.testing.assert_allclose(space.log_synaptic_flow(rows, given), whole, rtol=1e-12)
