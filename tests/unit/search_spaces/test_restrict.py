"""Restricting and extending a space from a spec, and what is said about an impossible wish."""

import numpy as np
import pytest

from search_spaces import IllegalArchitecture, ImpossibleChoice, NetworkInput, build, get


def options(preset: str, wanted: dict[str, object], name: str) -> tuple[object, ...]:
    space = get("mobilenet", preset, wanted)
    return next(choice.options for choice in space.choices if choice.name == name)


def test_a_restriction_bounds_every_sample() -> None:
    space = get("mobilenet", "small", {"width_multiplier": [0.25, 0.5], "stage1_kind": ["fused"]})
    for architecture in space.sample(np.random.default_rng(0), 50):
        assert architecture.values["width_multiplier"] in (0.25, 0.5)
        assert architecture.values["stage1_kind"] == "fused"


def test_a_group_restricts_all_alike_choices_and_an_own_entry_wins() -> None:
    space = get("mobilenet", "tiny", {"kernel": [5], "stage2_kernel": [3, 7]})
    kernels = {choice.name: choice.options for choice in space.choices if choice.group == "kernel"}
    assert kernels.pop("stage2_kernel") == (3, 7)
    assert set(kernels.values()) == {(5,)}
    assert len(kernels) == 4


def test_an_extension_is_built() -> None:
    space = get("mobilenet", "tiny", {"stage1_kernel": [9], "stage1_kind": ["inverted"], "resolution": [16]})
    [architecture] = space.sample(np.random.default_rng(0), 1)
    plan = space.plan(architecture, NetworkInput(1, 10))
    assert plan.resolution == 16
    assert {block.kernel for block in plan.blocks if block.stage == 0} == {9}
    build(space, architecture, NetworkInput(1, 10))


def test_options_of_ordinal_choices_are_in_order_and_of_one_type() -> None:
    assert options("tiny", {"width_multiplier": [1, 0.5]}, "width_multiplier") == (0.5, 1.0)
    assert all(isinstance(o, float) for o in options("tiny", {"width_multiplier": [1, 2]}, "width_multiplier"))
    assert options("tiny", {"rank": [0.25, 1, 0.5]}, "stage1_rank") == (1.0, 0.5, 0.25), "as they are declared"
    assert options("tiny", {"stages": [4.0, 3]}, "stages") == (3, 4)


def test_choices_that_can_never_matter_are_left_out() -> None:
    space = get("mobilenet", "tiny", {"stages": [3], "kind": ["separable"]})
    left = {choice.name for choice in space.choices}
    assert not {name for name in left if name.startswith(("stage4", "stage5"))}
    assert not {name for name in left if name.endswith(("expansion", "squeeze_excite", "pooling", "fused_kernel"))}
    assert "stage1_kernel" in left
    with pytest.raises(IllegalArchitecture, match="no such choice"):
        space.check({"stage4_kind": "pool"})


@pytest.mark.parametrize(
    ("wanted", "field", "reason", "nearest"),
    [
        ({"width_multiplyer": [1.0]}, "width_multiplyer", "no such choice", "width_multiplier"),
        ({"stage1_kernal": [3]}, "stage1_kernal", "no such choice", "stage1_kernel"),
        ({"kernels": [3]}, "kernels", "no such choice", "kernel"),
        ({"kind": ["seperable"]}, "kind", "'seperable' is not one of", "separable"),
        ({"kernel": []}, "kernel", "at least one option", None),
        ({"kernel": 3}, "kernel", "give a list of options, not 3", None),
        ({"kernel": "357"}, "kernel", "give a list of options", None),
        ({"kernel": {"3": 5}}, "kernel", "give a list of options", None),
        ({"kernel": None}, "kernel", "give a list of options", None),
        ({"kernel": [3, 5, 3]}, "kernel", "3 stands there twice", None),
        ({"width_multiplier": [1, 1.0]}, "width_multiplier", "1.0 stands there twice", None),
        ({"kernel": [3, 4]}, "kernel", "4 is even; only odd numbers can be built", None),
        ({"kernel": [11]}, "kernel", "11 is not between 3 and 9", None),
        ({"stage2_depth": ["two"]}, "stage2_depth", "'two' is not a whole number", None),
        ({"depth": [True]}, "depth", "True is not a whole number", None),
        ({"squeeze_excite": [1]}, "squeeze_excite", "1 is not one of False, True", None),
        ({"resolution": [9]}, "resolution", "9 is not a multiple of 4", None),
        ({"width_multiplier": [0.01]}, "width_multiplier", "0.01 is not between 0.25 and 2", None),
        ({"stages": [6]}, "stages", "6 is not between 3 and 5", None),
        ({"activation": [["relu"]]}, "activation", "is not one of 'relu', 'hard_swish'", "relu"),
    ],
)
def test_an_impossible_choice_names_field_reason_and_nearest(
    wanted: dict[str, object], field: str, reason: str, nearest: str | None
) -> None:
    with pytest.raises(ImpossibleChoice) as refused:
        get("mobilenet", "tiny", wanted)
    assert refused.value.field == field
    assert reason in refused.value.reason
    assert refused.value.nearest == nearest
    assert str(refused.value).startswith(f"{field}: ")
    assert (nearest is None) or f"did you mean {nearest!r}?" in str(refused.value)


def test_the_ofa_space_allows_no_other_blocks_but_its_smallest_resolution() -> None:
    assert get("ofa_mobilenetv3", "w1.0", {"resolution": [128]}).size() == 7371**5
    with pytest.raises(ImpossibleChoice, match=r"expansion: 5 is not one of 3, 4, 6"):
        get("ofa_mobilenetv3", "w1.0", {"expansion": [5]})
