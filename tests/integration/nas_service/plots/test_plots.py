"""Figures are drawn from what the service answers: the right numbers, at the right place, in files that open."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from PIL import Image

from nas_service.domain.states import CandidateStatus
from nas_service.plots import front, hypervolume, importance, timeline
from nas_service.plots.inline import ROLES, inline_svg
from nas_service.plots.kinds import Kind
from nas_service.plots.material import Material
from nas_service.plots.paper import NARROW_IN, WIDE_IN, Paper
from nas_service.plots.save import save
from tests.support.finished_search import LIMIT_MS

OUTSIDE = re.compile(r'(?:href|src)="(?!#)|url\((?!#)')


def _marks(axes: Axes, label: str) -> list[tuple[float, float]]:
    [found] = [c for c in axes.collections if c.get_label() == label]
    return [(float(x), float(y)) for x, y in np.asarray(found.get_offsets())]


def test_the_front_shows_each_member_at_its_numbers_and_the_others_apart(material: Material) -> None:
    axes = front.draw(material, Paper()).axes[0]
    members = [m.candidate.metrics for m in material.front.members]
    wanted = sorted((m["latency_ms@0"], 100 * m["accuracy"]) for m in members)
    assert np.asarray(sorted(_marks(axes, "front"))) == pytest.approx(np.asarray(wanted))
    statuses = list(material.points.statuses)
    forbidden = statuses.count(CandidateStatus.INFEASIBLE)
    assert forbidden > 0
    assert len(_marks(axes, "infeasible")) == forbidden
    assert len(_marks(axes, "dominated")) == len(statuses) - forbidden - len(wanted)


def test_ranks_on_the_front_are_those_of_its_table(material: Material) -> None:
    axes = front.draw(material, Paper()).axes[0]
    ranked = {text.get_text(): text.xy for text in axes.texts}
    for rank, member in enumerate(material.front.members, start=1):
        x, y = ranked[str(rank)]
        assert (x, y / 100) == pytest.approx(
            (member.candidate.metrics["latency_ms@0"], member.candidate.metrics["accuracy"])
        )


def test_every_timed_candidate_has_its_interval_and_the_limit_its_region(material: Material) -> None:
    axes = front.draw(material, Paper()).axes[0]
    [bars] = [c for c in axes.collections if c.get_label() == "95 % interval"]
    told = material.points.intervals["latency_ms@0"]
    feasible = [s is CandidateStatus.COMPLETED for s in material.points.statuses]
    wanted = sorted((low, high) for low, high, ok in zip(told.low, told.high, feasible, strict=True) if ok and low)
    drawn = sorted((float(s[0][0]), float(s[1][0])) for s in bars.get_segments())
    assert np.asarray(drawn) == pytest.approx(np.asarray(wanted))
    [region] = [p for p in axes.patches if p.get_label() == "forbidden by a constraint"]
    assert region.get_x() == pytest.approx(LIMIT_MS)


def test_axes_name_metric_unit_and_target(material: Material) -> None:
    axes = front.draw(material, Paper()).axes[0]
    assert axes.get_ylabel() == "validation accuracy (%)"
    assert axes.get_xlabel() == "latency (ms)\nlocal, onnxruntime fp32, 1 thread, batch 1"


def test_the_hypervolume_ends_at_what_the_search_says(material: Material) -> None:
    by_count, by_time = hypervolume.draw(material, Paper()).axes
    for axes in (by_count, by_time):
        assert axes.lines[0].get_ydata()[-1] == pytest.approx(100 * material.front.hypervolume_ratio)
    assert by_count.lines[0].get_xdata()[-1] == material.growth.steps[-1].completed


def test_importance_has_a_bar_for_each_choice_largest_on_top(material: Material) -> None:
    axes = importance.draw(material, Paper()).axes[0]
    effects = material.importance.objectives["accuracy"][: importance.MOST_BARS]
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([100 * e.share for e in effects])
    assert axes.yaxis_inverted()


def test_lanes_never_overlap_and_every_failure_is_marked(material: Material) -> None:
    spans = [span for span in material.timeline.items if span.started_at]
    lanes = timeline.lanes_of(spans)
    for lane in set(lanes.values()):
        own = [span for span in spans if lanes[span.id] == lane]
        assert all(
            a.finished_at <= b.started_at for a, b in zip(own, own[1:], strict=False) if a.finished_at and b.started_at
        )
    failed = sum(span.failure is not None for span in spans)
    axes = timeline.draw(material, Paper()).axes[0]
    assert failed == len([line for line in axes.lines if line.get_marker() == "X"]) > 0


@pytest.mark.parametrize("kind", Kind)
def test_a_figure_becomes_a_picture_that_is_not_empty(material: Material, kind: Kind, tmp_path: Path) -> None:
    save(material, kind, tmp_path / "figure.png")
    with Image.open(tmp_path / "figure.png") as picture:
        assert picture.width == round(WIDE_IN * 200)
        assert len(picture.convert("RGB").getcolors(2**20) or []) > 20


def test_an_svg_stands_alone_and_is_the_same_each_time(material: Material, tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        save(material, Kind.CURVES, tmp_path / name)
    content = (tmp_path / "a.svg").read_text()
    assert ET.fromstring(content).tag == "{http://www.w3.org/2000/svg}svg"
    assert content == (tmp_path / "b.svg").read_text()
    assert not re.search(r'href="http', content)


def test_a_figure_in_a_page_takes_its_colours_and_asks_nobody(material: Material) -> None:
    for kind in Kind:
        svg = inline_svg(material, kind, Paper(NARROW_IN, titled=False))
        ET.fromstring(svg)
        assert not OUTSIDE.search(svg)
        assert not any(colour in svg for colour in ROLES)
        assert "var(--series-" in svg
