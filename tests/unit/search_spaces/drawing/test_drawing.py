"""The drawing shows every block, stage and total of any network, as one self-contained, well-formed picture."""

import re
from collections import Counter
from dataclasses import replace
from xml.etree.ElementTree import Element, fromstring

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import search_spaces
from search_spaces import NetworkInput, NetworkPlan
from search_spaces.drawing import draw
from search_spaces.drawing.content import stages_of
from search_spaces.drawing.layout import CARD_HEIGHT, GAP, lay_out
from search_spaces.drawing.style import HUES
from search_spaces.plan import KINDS

SVG = "{http://www.w3.org/2000/svg}"
PRESETS = [(name, preset) for name in search_spaces.names() for preset in search_spaces.get(name).presets()]


@st.composite
def plans(draw_from: st.DrawFn) -> NetworkPlan:
    """Any network of any registered space."""
    name, preset = draw_from(st.sampled_from(PRESETS))
    space = search_spaces.get(name, preset=preset)
    (architecture,) = space.sample(np.random.default_rng(draw_from(st.integers(0, 2**32))), 1)
    return space.plan(architecture, NetworkInput(draw_from(st.sampled_from([1, 3])), draw_from(st.integers(2, 1000))))


def plan_of(seed: int = 1) -> NetworkPlan:
    space = search_spaces.get("mobilenet", preset="tiny")
    return space.plan(space.sample(np.random.default_rng(seed), 1)[0], NetworkInput(3, 10))


def texts(picture: Element) -> list[str]:
    """Every line of text, its parts joined."""
    return [" ".join(part.strip() for part in line.itertext()) for line in picture.iter(f"{SVG}text")]


def cards(picture: Element) -> list[Element]:
    """The group of each run of blocks."""
    return [group for group in picture.iter(f"{SVG}g") if group.find(f"{SVG}title") is not None]


@settings(max_examples=30)
@given(plans())
def test_every_run_of_blocks_is_a_card_in_order_with_its_count(plan: NetworkPlan) -> None:
    picture = fromstring(draw(plan))
    runs = [run for stage in stages_of(plan) for run in stage.runs]
    assert [group.get("class") for group in cards(picture)] == [run.block.kind for run in runs]
    assert sum(run.count for run in runs) == len(plan.blocks)
    badges = [line for line in texts(picture) if re.fullmatch(r"× \d+", line)]
    assert badges == [f"× {run.count}" for run in runs if run.count > 1]


@settings(max_examples=30)
@given(plans())
def test_every_stage_is_labelled_once(plan: NetworkPlan) -> None:
    labels = [line for line in texts(fromstring(draw(plan))) if re.fullmatch(r"Stem|Head|Stage \d+", line)]
    assert labels == ["Stem", *(f"Stage {n}" for n in range(1, plan.stage_count + 1)), "Head"]


@settings(max_examples=30)
@given(plans())
def test_every_tensor_shape_stands_between_blocks(plan: NetworkPlan) -> None:
    written = Counter(texts(fromstring(draw(plan))))
    for stage in stages_of(plan):
        for run in stage.runs:
            if run.block.kind not in ("global_pool", "feature_mix", "classifier"):
                assert written[f"{run.block.out_channels} × {run.block.out_size} × {run.block.out_size}"]
    assert written[f"{plan.input.channels} × {plan.resolution} × {plan.resolution} input"] == 1
    assert written[f"{plan.input.class_count} logits"] == 1


@settings(max_examples=30)
@given(plans())
def test_a_plus_stands_behind_every_run_with_a_skip_connection(plan: NetworkPlan) -> None:
    picture = fromstring(draw(plan))
    skips = [run for stage in stages_of(plan) for run in stage.runs if run.block.residual]
    assert len([path for path in picture.iter(f"{SVG}path") if path.get("class") == "skip"]) == len(skips)


@settings(max_examples=30)
@given(plans())
def test_shares_of_all_cards_add_up_to_the_network(plan: NetworkPlan) -> None:
    runs = [run for stage in stages_of(plan) for run in stage.runs]
    assert sum(run.macs_share for run in runs) == pytest.approx(1)
    assert sum(run.params_share for run in runs) == pytest.approx(1)


@settings(max_examples=30)
@given(plans())
def test_nothing_overlaps(plan: NetworkPlan) -> None:
    layout = lay_out(stages_of(plan))
    bottom = 0
    for band in layout.bands:
        assert band.y >= bottom
        for card in band.cards:
            top = card.y if card.pool_y is None else card.pool_y
            assert top >= max(band.y, bottom)
            bottom = card.y + CARD_HEIGHT
        assert band.bottom > bottom
        bottom = band.bottom
    assert layout.height >= bottom + GAP


@settings(max_examples=30)
@given(plans())
def test_it_is_self_contained(plan: NetworkPlan) -> None:
    picture = fromstring(draw(plan))
    assert {element.tag for element in picture.iter()} <= {
        SVG + tag for tag in ("svg", "title", "desc", "style", "g", "rect", "circle", "path", "text", "tspan")
    }
    names = {name for element in picture.iter() for name in element.attrib}
    assert not [name for name in names if "href" in name or name.startswith("on")]
    style = picture.findtext(f"{SVG}style") or ""
    assert not re.search(r"url\(|@import|@font-face", style)


def test_equal_plans_give_equal_drawings() -> None:
    assert draw(plan_of()) == draw(plan_of())


def test_the_header_shows_the_totals() -> None:
    lines = texts(fromstring(draw(plan_of())))
    assert {"1.76 M", "153 k", "604 kB", "3 × 8 × 8 image to 10 classes, 15 blocks"} <= set(lines)


def test_it_speaks_to_those_who_cannot_see_it() -> None:
    plan = plan_of()
    picture = fromstring(draw(plan))
    assert picture.get("role") == "img"
    ids = (picture.get("aria-labelledby") or "").split()
    told = {element.get("id"): element.text for element in picture if element.tag in (f"{SVG}title", f"{SVG}desc")}
    assert set(ids) == set(told)
    description = told["architecture-description"] or ""
    assert description.count("Stage ") == plan.stage_count
    assert "2 times Fused inverted residual, 3 × 3, channels 32 → 128 → 32 (×4), ReLU, with a skip connection" in (
        description
    )


def test_it_has_colours_for_light_and_for_dark() -> None:
    style = fromstring(draw(plan_of())).findtext(f"{SVG}style") or ""
    light, dark = style.split("@media (prefers-color-scheme:dark)")
    for on_light, on_dark in HUES.values():
        assert on_light in light
        assert on_dark in dark


def test_every_kind_of_block_has_a_colour() -> None:
    assert set(HUES) == set(KINDS)


def test_every_kind_of_block_is_drawn() -> None:
    drawn: set[str | None] = set()
    for name, preset in PRESETS:
        space = search_spaces.get(name, preset=preset)
        for architecture in space.sample(np.random.default_rng(0), 10):
            drawn |= {
                group.get("class") for group in cards(fromstring(draw(space.plan(architecture, NetworkInput(3, 10)))))
            }
    assert drawn == set(KINDS)


def test_a_space_with_a_hostile_name_is_only_text() -> None:
    plan = replace(plan_of(), space='"><script>alert(1)</script>&')
    picture = fromstring(draw(plan))
    assert picture.find(f".//{SVG}script") is None
    assert plan.space in texts(picture)
