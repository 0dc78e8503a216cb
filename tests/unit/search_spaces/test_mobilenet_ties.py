"""Canonical form and size of `mobilenet`, proven by trying every combination of small restricted spaces."""

from collections import defaultdict
from itertools import product

import numpy as np
import pytest

from search_spaces import NetworkInput, get
from search_spaces.channels import make_divisible
from search_spaces.conditions import mask_inactive
from search_spaces.mobilenet.depth import built_depth
from search_spaces.mobilenet.presets import PRESETS, WIDTH_MULTIPLIERS
from search_spaces.space import SearchSpace
from search_spaces.table import ABSENT, BlockTable, IntArray

ONE_STAGE_KIND = {"kind": ["separable"], "kernel": [3], "activation": ["relu"], "downsample": ["stride"]}
DEPTH_TIES = {
    **ONE_STAGE_KIND,
    "resolution": [8],
    "width_multiplier": [1.0],
    "stem_width": [8],
    "head_width": [64],
    "depth": [1, 2, 3],
    "stage2_depth": [2, 4],
    "depth_multiplier": [0.5, 1.0, 1.5, 2.0],
}
CHANNEL_TIES = {
    **ONE_STAGE_KIND,
    "depth": [1],
    "depth_multiplier": [1.0],
    "width_multiplier": [0.25, 0.27, 0.5, 0.51, 1.0, 1.01],
    "stem_width": [4, 8, 9, 16, 32],
    "head_width": [64, 65, 100, 128],
}
STAGE_CHOICES = {
    "stages": [3, 4],
    "resolution": [8],
    "width_multiplier": [0.25, 0.3],
    "stem_width": [8, 9],
    "head_width": [64],
    "depth": [1],
    "stage3_depth": [1, 2],
    "depth_multiplier": [1.0, 1.5],
    "kernel": [3],
    "kind": ["separable"],
    "activation": ["relu"],
    "downsample": ["stride"],
    "stage3_kind": ["separable", "inverted", "fused", "pool"],
    "stage3_expansion": [1, 2],
    "stage2_downsample": ["stride", "max", "avg"],
    "stage4_kind": ["inverted", "pool"],
    "stage4_expansion": [1],
}
SHARING_TIES = {
    **DEPTH_TIES,
    "stages": [3, 4],
    "depth_multiplier": [1.0, 2.0],
    "share": [True, False],
    "stage2_share": [True],
    "stage4_depth": [1, 3],
}
RANK_TIES = {
    **DEPTH_TIES,
    "stages": [3],
    "depth": [1],
    "stage2_depth": [2],
    "stage3_depth": [1, 3],
    "depth_multiplier": [1.0],
    "width_multiplier": [0.5, 0.51, 1.0],
    "stage1_rank": [0.5, 0.25],
    "stage2_kind": ["fused", "pool"],
    "stage2_pooling": ["max"],
    "stage2_fused_kernel": [3],
    "stage2_squeeze_excite": [False],
    "stage2_expansion": [1, 2],
    "stage2_rank": [1.0, 0.75, 0.7],
    "stage3_kind": ["separable", "inverted"],
    "stage3_expansion": [1, 3],
    "stage3_squeeze_excite": [False],
    "stage3_rank": [1.0, 0.5, 0.45, 0.25],
    "stage3_share": [False, True],
}
TINY_SPACES = pytest.mark.parametrize(
    "restrictions", [DEPTH_TIES, CHANNEL_TIES, STAGE_CHOICES, SHARING_TIES, RANK_TIES]
)


def all_rows(space: SearchSpace) -> IntArray:
    """Every masked index row."""
    raw = np.array(list(product(*(range(len(choice.options)) for choice in space.choices))))
    return np.unique(mask_inactive(space.choices, raw), axis=0)


def contents(table: BlockTable) -> list[bytes]:
    """The blocks of each network as bytes, without saying which stage a block is declared in."""
    fields = [getattr(table, name) for name in BlockTable.__dataclass_fields__ if name != "stage"]
    stacked = np.stack(fields, axis=2)
    return [row[kind != ABSENT].tobytes() for row, kind in zip(stacked, table.kind, strict=True)]


@TINY_SPACES
@pytest.mark.parametrize("preset", ["tiny", "small"])
def test_equal_networks_and_only_they_share_canonical_form_and_key(
    preset: str, restrictions: dict[str, object]
) -> None:
    if preset == "small":
        restrictions = {**restrictions, "resolution": [16]}
    space = get("mobilenet", preset, restrictions)
    rows = all_rows(space)
    networks = contents(space.layout(rows, NetworkInput(3, 10)))
    architectures = space.from_indices(rows)
    forms, keys = defaultdict(set), defaultdict(set)
    least: dict[bytes, list[int]] = {}
    for row, network, architecture in zip(rows.tolist(), networks, architectures, strict=True):
        forms[network].add(tuple(architecture.values.items()))
        keys[network].add(architecture.key)
        least[network] = min(least.get(network, row), row)
    assert len(networks) > len(forms), "the space has ties"
    assert all(len(form) == 1 for form in forms.values())
    assert all(len(key) == 1 for key in keys.values())
    assert len(forms) == len(set().union(*forms.values())) == len(set().union(*keys.values()))
    assert space.size() == len(forms)
    canonical = space.canonical_indices(rows).tolist()
    assert canonical == [least[network] for network in networks]


def test_distinct_plans_are_as_many_as_the_size() -> None:
    space = get("mobilenet", "tiny", {**DEPTH_TIES, "stages": [3], "stage3_depth": [1]})
    architectures = set(space.from_indices(all_rows(space)))
    assert len({space.plan(a, NetworkInput(1, 10)) for a in architectures}) == len(architectures) == space.size()


def test_without_ties_every_assignment_is_a_network() -> None:
    space = get("mobilenet", "large", {"depth_multiplier": [1.0], "width_multiplier": [1.0], "resolution": [224]})
    kinds = 2 * (3 + 3 * 3 * 2 + 2 * 3 * 2 + 3 * 2)  # activation x (separable, inverted, fused, pool)
    halving = 2 * (3 * 3 + 3 * 3 * 2 * 3 + 2 * 3 * 2 * 3 + 3 * 2)  # the convolutions down-sample in three ways
    stages = [4 * halving, 4 * halving, 4 * halving, 4 * kinds, 4 * halving]  # four depths each
    expected = sum(3 * 3 * int(np.prod(stages[:count], dtype=object)) for count in (3, 4, 5))
    assert space.size() == expected


def test_the_key_of_a_network_does_not_depend_on_the_restrictions() -> None:
    def key(**values: object) -> str:
        restrictions = {**DEPTH_TIES, "stages": [3], **{name: [value] for name, value in values.items()}}
        return get("mobilenet", "tiny", restrictions).sample(np.random.default_rng(0), 1)[0].key

    doubled = key(depth_multiplier=2.0, stage1_depth=1, stage2_depth=1, stage3_depth=1)
    assert doubled == key(depth_multiplier=1.0, stage1_depth=2, stage2_depth=2, stage3_depth=2)
    assert doubled != key(depth_multiplier=1.0, stage1_depth=2, stage2_depth=2, stage3_depth=1)


def test_neighbouring_stages_never_become_equally_wide() -> None:
    multipliers = np.linspace(WIDTH_MULTIPLIERS.low, WIDTH_MULTIPLIERS.high, 3501)
    for preset in PRESETS.values():
        widths = make_divisible(np.outer(multipliers, preset.stage_widths), preset.divisor)
        keeps_size = ~np.array(preset.downsampling[1:])
        assert (np.diff(widths, axis=1)[:, keeps_size] > 0).all()


def test_depth_products_are_rounded_up_but_not_for_floating_point_dust() -> None:
    assert built_depth(np.array([1, 2, 3]), 1.5).tolist() == [2, 3, 5]
    assert built_depth(np.array([10]), 1.1).tolist() == [11]


@pytest.mark.parametrize(
    ("channels", "divisor", "expected"), [(3, 8, 8), (11, 8, 16), (12, 8, 16), (19, 8, 24), (20, 8, 24), (28, 8, 32)]
)
def test_channels_are_made_divisible_and_never_lose_a_tenth(channels: int, divisor: int, expected: int) -> None:
    assert make_divisible(np.array(channels), divisor) == expected
