"""The Once-for-All space against published facts."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from search_spaces import BlockPlan, NetworkInput, get
from search_spaces.ofa_mobilenetv3.predictor_encoding import predictor_features
from search_spaces.ofa_mobilenetv3.space import OfaMobileNetV3Space

IMAGENET = NetworkInput(channels=3, class_count=1000)
RESOLUTIONS = (160, 176, 192, 208, 224)
TABLES = os.environ.get("NAS_TEST_OFA_TABLES")
"""Folder of the published latency tables, `note10_latency_ms_RESOLUTION.json`."""


def ofa(preset: str, **restrictions: list[int]) -> OfaMobileNetV3Space:
    space = get("ofa_mobilenetv3", preset, restrictions)
    assert isinstance(space, OfaMobileNetV3Space)
    return space


def test_the_size_is_the_published_one() -> None:
    assert ofa("w1.0", resolution=[224]).size() == (9**2 + 9**3 + 9**4) ** 5 == 7371**5
    assert ofa("w1.2").size() == 5 * 7371**5


@pytest.mark.parametrize(
    ("preset", "widths"),
    [("w1.0", [16, 16, 24, 40, 80, 112, 160, 960, 1280]), ("w1.2", [24, 24, 32, 48, 96, 136, 192, 1152, 1536])],
)
def test_the_widths_are_the_published_ones(preset: str, widths: list[int]) -> None:
    space = ofa(preset, depth=[2])
    plan = space.plan(space.sample(np.random.default_rng(0), 1)[0], IMAGENET)
    stages = [next(b.out_channels for b in plan.blocks if b.stage == stage) for stage in range(5)]
    built = [plan.blocks[0].out_channels, plan.blocks[1].out_channels, *stages]
    built += [plan.blocks[-4].out_channels, plan.blocks[-2].out_channels]
    assert built == widths


def test_the_first_block_of_every_stage_stays_and_all_blocks_choose_alone() -> None:
    space = ofa("w1.0", depth=[4])
    plan = space.plan(space.sample(np.random.default_rng(0), 1)[0], IMAGENET)
    elastic = [block for block in plan.blocks if 0 <= block.stage < 5]
    assert len(elastic) == 20
    assert [block.stride for block in elastic[::4]] == [2, 2, 2, 1, 2]
    assert [bool(block.se_channels) for block in elastic[::4]] == [False, True, False, True, True]
    assert [block.activation for block in elastic[::4]] == ["relu", "relu", *["hard_swish"] * 3]
    assert all(block.residual == (number % 4 > 0) for number, block in enumerate(elastic))


def table_key(block: BlockPlan) -> str:
    """How the published tables name a block."""
    shape_in = f"{block.in_size}x{block.in_size}x{block.in_channels}"
    shape_out = f"{block.out_size}x{block.out_size}x{block.out_channels}"
    match block.kind:
        case "inverted":
            return (
                f"expanded_conv-input:{shape_in}-output:{shape_out}-expand:{block.mid_channels}-kernel:{block.kernel}"
                f"-stride:{block.stride}-idskip:{int(block.residual)}-se:{int(block.se_channels > 0)}"
                f"-hs:{int(block.activation == 'hard_swish')}"
            )
        case "conv":
            return f"{'Conv' if block.stage < 0 else 'Conv_1'}-input:{shape_in}-output:{shape_out}"
        case "global_pool":
            return f"AvgPool2D-input:{shape_in}-output:{shape_out}"
        case "feature_mix":
            return f"Conv_2-input:{shape_in}-output:{shape_out}"
        case "classifier":
            return f"Logits-input:{shape_in}-output:{block.out_channels}"
        case other:
            raise AssertionError(f"the space has no {other} block")


@pytest.mark.skipif(TABLES is None, reason="NAS_TEST_OFA_TABLES does not name the published latency tables")
@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_the_blocks_are_exactly_those_of_the_published_latency_tables(resolution: int) -> None:
    published = json.loads((Path(str(TABLES)) / f"note10_latency_ms_{resolution}.json").read_text(encoding="utf-8"))
    built = set()
    for kernel in (3, 5, 7):
        for expansion in (3, 4, 6):
            space = ofa("w1.2", resolution=[resolution], kernel=[kernel], expansion=[expansion], depth=[4])
            [architecture] = space.sample(np.random.default_rng(0), 1)
            built |= {table_key(block) for block in space.plan(architecture, IMAGENET).blocks}
    assert built == set(published)
    assert len(built) == 96


def test_predictor_features_are_the_128_of_the_published_predictor() -> None:
    space = ofa("w1.2")
    architectures = space.sample(np.random.default_rng(0), 30)
    features = predictor_features(space, space.to_indices(architectures))
    assert features.shape == (30, 128)
    for architecture, row in zip(architectures, features, strict=True):
        values = architecture.values
        for number in range(20):
            prefix = f"stage{number // 4 + 1}_block{number % 4 + 1}_"
            kernel, expansion = values.get(f"{prefix}kernel"), values.get(f"{prefix}expansion")
            assert row[3 * number : 3 * number + 3].tolist() == [kernel == k for k in (3, 5, 7)]
            assert row[60 + 3 * number : 63 + 3 * number].tolist() == [expansion == e for e in (3, 4, 6)]
        assert row[120:].tolist() == [values["resolution"] == r for r in range(112, 225 + 15, 16)]


def test_predictor_features_stand_at_the_published_places_in_a_restricted_space() -> None:
    space = ofa("w1.2", kernel=[5], expansion=[6], depth=[2], resolution=[224])
    [row] = predictor_features(space, np.zeros((1, len(space.choices)), dtype=np.int64))
    kept = np.tile([True, True, False, False], 5)
    assert row[:60].reshape(20, 3)[kept].tolist() == [[0, 1, 0]] * 10
    assert row[60:120].reshape(20, 3)[kept].tolist() == [[0, 0, 1]] * 10
    assert row[:120].sum() == 20
    assert row[120:].argmax() == 7
