"""Tables of searches, spaces, devices, findings and verifications."""

from datetime import UTC, datetime

import pytest
from rich.console import Console, RenderableType

from nas_service.cli.display.tables import (
    choice_table,
    device_table,
    finding_lines,
    search_table,
    size_text,
)
from nas_service.cli.display.verification import verdict, verification_lines
from nas_service.cli.doctor.finding import ok, warn
from nas_service.domain.states import SearchStatus
from nas_service.wire.catalog import ChoiceInfo, ConditionInfo, DeviceInfo, NoiseHistory, SpaceDetail
from tests.unit.nas_service.cli.documents import search


def shown(renderable: RenderableType) -> list[str]:
    console = Console(width=160, color_system=None)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get().splitlines()


def space(size: str) -> SpaceDetail:
    condition = ConditionInfo(choice="block", values=("inverted", "fused"))
    choices = (
        ChoiceInfo(name="kernel", options=(3, 5, 7), ordinal=True, when=None, doc="Side of the kernels [pixels]."),
        ChoiceInfo(name="expansion", options=(2, 4), ordinal=True, when=condition, doc="Widening inside."),
    )
    return SpaceDetail(name="mobilenet", presets=("tiny",), preset="tiny", choices=choices, size=size, json_schema={})


def test_a_search_takes_one_line() -> None:
    _, running, ended = shown(search_table([search(), search(status=SearchStatus.SUCCEEDED, name="[b]old")]))
    assert "search-3f2a9c1b7d4e" in running
    assert "16/24" in running
    assert "running" in running
    assert "[b]old" in ended
    assert "succeeded" in ended


def test_a_choice_shows_its_options_and_condition() -> None:
    _, kernel, expansion = shown(choice_table(space("6")))
    assert "3, 5, 7" in kernel
    assert "[pixels]" in kernel
    assert "block is inverted or fused" in expansion


def test_a_choice_that_a_spec_has_to_name_comes_last() -> None:
    optional = ChoiceInfo(name="share", options=(False, True), ordinal=False, when=None, doc="Optional: once.")
    *_, expansion, share = shown(choice_table(space("6").model_copy(update={"optional_choices": (optional,)})))
    assert "expansion" in expansion
    assert "False, True" in share


@pytest.mark.parametrize(
    ("size", "text"),
    [
        ("6", "6 networks"),
        ("123456789012345678901234567890", "123,456,789,012,345,678,901,234,567,890 networks (about 10^29)"),
    ],
)
def test_the_size_of_a_space_is_exact(size: str, text: str) -> None:
    assert size_text(space(size)) == f"mobilenet, preset tiny: {text}"


def test_a_device_is_live_or_was_seen_some_time_ago() -> None:
    facts = {"cpu_model": "Processor X", "physical_cores": 4}
    known = {"measurement_count": 80, "noisy_share": 0.05, "half_width_ratio": 0.0041, "last_at": datetime.now(UTC)}
    noise = NoiseHistory(**known, history=(0.0041,))
    live = DeviceInfo(id="d1", name="desk", live=True, seen_s_ago=1.0, description=facts, noise=noise)
    gone = DeviceInfo(id="d2", name="shelf", live=False, seen_s_ago=125.0, description={}, noise=None)
    _, first, second = shown(device_table([live, gone]))
    assert first.split() == ["desk", "live", "Processor", "X", "4", "+-0.41", "%,", "5", "%", "of", "80", "noisy", "d1"]
    assert second.split() == ["shelf", "2:05", "ago", "d2"]


def test_a_finding_is_followed_by_its_mend() -> None:
    assert [line.plain for line in finding_lines(ok("packages[hf]", "there"))] == ["ok    packages[hf]           there"]
    line, mend = (line.plain for line in finding_lines(warn("disk", "0.1 GiB free", "free some space")))
    assert line.split() == ["warn", "disk", "0.1", "GiB", "free"]
    assert mend.strip() == "-> free some space"


def test_a_verification_names_what_disagrees() -> None:
    checks = [
        {"name": "checksums", "agrees": True, "detail": "7 files"},
        {"name": "accuracy", "agrees": False, "detail": "card 0.97, now 0.91"},
        {"name": "latency", "agrees": None, "detail": "another device"},
    ]
    report = {"bundle": "results/1", "agrees": False, "checks": checks}
    head, *lines = (line.plain for line in verification_lines(report))
    assert head == "results/1  DISAGREES"
    assert lines == [
        "  agrees      checksums  7 files",
        "  DISAGREES   accuracy   card 0.97, now 0.91",
        "  not judged  latency    another device",
    ]
    assert verdict([report, report | {"agrees": True}]) == "2 bundles checked, 1 not as the card says"
    assert verdict([report | {"agrees": True}]) == "1 bundle verified"
