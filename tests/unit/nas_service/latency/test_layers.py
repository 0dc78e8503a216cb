"""Blocks as operators."""

import numpy as np
import pytest

import search_spaces
from nas_service.latency.layers import FIELDS, IN, KERNEL, OPERATOR, OUT, OUT_SIZE, READ, Operator, layers_of
from nas_service.latency.networks import networks_of
from nas_service.latency.parts import Parts, plain_before
from nas_service.latency.terms import HARD_SWISH, macs_of, taps_of, terms_of
from nas_service.latency.terms import _left_over as left_over
from nas_service.latency.terms import _on_padding as on_padding
from search_spaces import NetworkInput, names
from search_spaces.plan import ACTIVATIONS
from search_spaces.table import ABSENT

DATA = NetworkInput(3, 10)
PRESETS = [(name, preset) for name in names() for preset in search_spaces.get(name).presets()]
LOW_RANKS = ("mobilenet", "small", {"rank": [1.0, 0.5, 0.25]})


@pytest.mark.parametrize(("name", "preset", "choices"), [*((*pair, {}) for pair in PRESETS), LOW_RANKS])
def test_layers_without_padding_do_the_arithmetic_that_the_space_counts(
    name: str, preset: str, choices: dict[str, object]
) -> None:
    space = search_spaces.get(name, preset, choices)
    rows = space.to_indices(space.sample(np.random.default_rng(0), 20))
    layers = layers_of(space.layout(rows, DATA)).reshape(len(rows), -1, len(FIELDS))
    weights = layers[..., IN] * layers[..., OUT] * layers[..., KERNEL] ** 2
    weights = np.where(layers[..., OPERATOR] == Operator.DEPTHWISE, layers[..., IN] * layers[..., KERNEL] ** 2, weights)
    squeezes = layers[..., OPERATOR] == Operator.SQUEEZE_EXCITE
    areas = np.where(squeezes, 2, layers[..., OUT_SIZE] ** 2)
    multiplies = ~np.isin(layers[..., OPERATOR], (ABSENT, 0, 1, Operator.ADD, Operator.GLOBAL_POOL))
    assert np.array_equal((weights * areas * multiplies).sum(axis=1), space.cost(rows, DATA).macs)


def test_kernel_places_that_only_ever_meet_padding_are_not_counted() -> None:
    layers = np.array([[Operator.DENSE, 1, 1, 5, 1, 1, 1, 0, 0], [Operator.DENSE, 1, 1, 3, 1, 4, 4, 0, 0]])
    assert taps_of(layers).tolist() == [1, 2 + 3 + 3 + 2]
    assert macs_of(layers).tolist() == [1, 100]


def test_packed_channels_are_taken_apart_for_narrow_convolutions_and_packed_again_behind_odd_pools() -> None:
    pool, conv = [Operator.MAX_POOL, 24, 24, 2, 2, 8, 4, 0, 0], [Operator.POINTWISE, 24, 32, 1, 1, 4, 4, 1, 0]
    absent = [ABSENT, *[0] * 8]
    block = np.array([[pool, conv, absent, absent, absent, absent]])
    plain = plain_before(block, 16)
    assert plain[0, :2].tolist() == [0, 1]
    rows = np.concatenate([block, plain[..., None]], axis=2)[0, :2]
    unpacks, packs = terms_of(rows, 16)[:, -1], terms_of(rows, 16)[:, -2]
    assert (packs.tolist(), unpacks.tolist()) == ([0, 1], [1, 0])
    assert plain_before(block, 8)[0, 1] == 0


def test_left_over_channels_and_arithmetic_on_padding_are_counted_where_a_runtime_pays_for_them() -> None:
    odd, full = [Operator.DEPTHWISE, 20, 20, 3, 1, 4, 4, 0, 0, 0], [Operator.DEPTHWISE, 32, 32, 3, 1, 4, 4, 0, 0, 0]
    dense = [Operator.DENSE, 20, 16, 3, 1, 4, 4, 0, 0, 0]
    layers = np.array([odd, full, dense])
    assert left_over(layers, 16).tolist() == [100, 0, 0], "10 kernel places a side meet a pixel, whatever is left over"
    assert on_padding(layers, layers[:, IN], layers[:, OUT]).tolist() == [0, 0, 20 * 16 * (9 * 16 - 100)]


def test_only_pools_of_what_no_hard_swish_was_on_are_pooled_as_convolutions_leave_it() -> None:
    pools = [[Operator.AVG_POOL, 8, 8, 3, 1, 4, 4, 0, read, 0] for read in (HARD_SWISH, 0)]
    after_hard_swish, otherwise = terms_of(np.array(pools), 8)
    assert (otherwise - after_hard_swish).tolist().count(1.0) == 1
    assert (otherwise - after_hard_swish).max() == macs_of(np.array(pools))[0]


def test_a_pool_knows_the_activation_of_what_it_reads_and_nothing_else_does() -> None:
    """Quantized runtimes leave hard-swish in other numbers, and pool those differently."""
    space = search_spaces.get("mobilenet", "small")
    drawn = space.sample(np.random.default_rng(2), 100)
    layers = layers_of(space.layout(space.to_indices(drawn), DATA))
    pools = np.isin(layers[..., OPERATOR], (Operator.MAX_POOL, Operator.AVG_POOL))
    assert not layers[..., READ][~pools].any()
    for architecture, read, pooled in zip(drawn, layers[..., READ], pools, strict=True):
        expected, last = [], ""
        for block in space.plan(architecture, DATA).blocks:
            if block.kind == "pool" or block.downsample in ("max", "avg"):
                expected.append(last)
            last = "" if block.kind in ("inverted", "fused") else block.activation
        assert [ACTIVATIONS[code] for code in read[pooled]] == expected


def test_a_networks_layers_are_those_of_its_blocks_however_many_share_them() -> None:
    space = search_spaces.get("mobilenet", "tiny")
    rows = space.to_indices(space.sample(np.random.default_rng(1), 30))
    together = networks_of(space, rows, DATA, (8, 8))
    parts = Parts.of(together.blocks, 16)
    macs = together.total(parts.in_blocks(macs_of(parts.layers)))
    assert np.array_equal(macs, parts.in_networks(together) @ macs_of(parts.layers))
    for row in range(len(rows)):
        alone = networks_of(space, rows[row : row + 1], DATA, (8, 8))
        assert together.depth[row] == alone.depth[0]
        assert together.resized[row] == (0 if together.resolution[row] == 8 else together.resolution[row] ** 2 * 3)
        alone_parts = Parts.of(alone.blocks, 16)
        assert macs[row] == alone.total(alone_parts.in_blocks(macs_of(alone_parts.layers)))[0]
