"""The page of a search in a real browser, on candidates that were stored and not trained."""

import base64
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Route, expect

from nas_service.domain.entities import Measurement, Search, new_id
from nas_service.domain.spec import TargetSpec
from nas_service.domain.states import CandidateStatus, SearchStatus
from tests.support.compressed_search import compressed_search
from tests.support.finished_search import LIMIT_MS
from tests.support.served import COUNT, Served, fact, part
from tests.support.values import NOW, a_candidate
from tests.support.watched import PHONE, TIMEOUT_MS, serious_findings, watched

pytestmark = pytest.mark.browser
expect.set_options(timeout=TIMEOUT_MS)


def complete_another(served: Served, search: Search) -> None:
    """As `advance` does when a candidate beyond all others is done."""
    metrics = {"accuracy": 0.999, "latency_ms@0": 0.001, "latency_ms@1": 0.001, "macs": 1.0, "params": 1.0}
    with served.service.store.write() as uow:
        architecture = uow.records.candidates(search.id)[0].architecture
        fields = {"metrics": metrics, "architecture": architecture, "finished_at": NOW}
        candidate = a_candidate(search, COUNT, status=CandidateStatus.COMPLETED, **fields)
        uow.candidates.add(candidate)
        said = {"candidate_id": candidate.id, "number": COUNT, "status": "COMPLETED", "metrics": metrics}
        uow.events.append(search.id, "candidate.status", said)
        uow.searches.update(search.id)


def test_the_front_is_drawn_and_listed_and_every_chart_has_words_and_a_table(served: Served) -> None:
    search, url = served.seeded()
    with watched(served.browser) as page:
        page.goto(url)
        rows = part(page, "members").locator("tbody tr")
        expect(rows).not_to_have_count(0)
        front = page.request.get(f"{served.url}/v1/searches/{search.id}/front").json()["members"]
        expect(rows).to_have_count(len(front))
        for name in ("front", "growth", "curves", "importance", "ranking", "parallel", "timeline"):
            chart = part(page, f"{name}-chart")
            chart.scroll_into_view_if_needed()
            expect(chart.locator("canvas")).to_be_visible()
            expect(chart).to_have_attribute("aria-label", re.compile(r"\d"))
            part(page, f"{name}-table").locator("summary").click()
            expect(part(page, f"{name}-table").locator("tbody tr")).not_to_have_count(0)
        expect(part(page, "inspector").locator("img")).to_have_js_property("complete", True)
        assert part(page, "inspector").locator("img").evaluate("image => image.naturalWidth") > 0
        assert serious_findings(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_wider_than_the_screen(served: Served, scheme: str) -> None:
    _, url = served.seeded()
    with watched(served.browser, viewport=PHONE, color_scheme=scheme) as page:
        page.goto(url)
        expect(part(page, "front-chart").locator("canvas")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert serious_findings(page) == []


def test_what_happens_is_seen_without_a_reload(served: Served) -> None:
    search, url = served.seeded()
    with watched(served.browser) as page:
        page.goto(url)
        expect(part(page, "live")).to_have_text("live")
        expect(fact(page, "Best accuracy")).not_to_have_text("99.90 %")
        complete_another(served, search)
        expect(part(page, "events").locator("li").first).to_contain_text(f"#{COUNT} completed: 99.90 %")
        expect(fact(page, "Best accuracy")).to_have_text("99.90 %")
        expect(part(page, "members").locator("tbody tr")).to_have_count(1)


def test_where_events_do_not_come_through_the_page_asks_instead(served: Served) -> None:
    search, url = served.seeded()
    with watched(served.browser, expected=("ERR_FAILED",)) as page:
        page.route("**/events", lambda route: route.abort())
        page.goto(url)
        expect(part(page, "live")).to_have_text("asking every few seconds")
        complete_another(served, search)
        expect(fact(page, "Best accuracy")).to_have_text("99.90 %")


def test_other_axes_and_targets_make_another_front(served: Served) -> None:
    _, url = served.seeded()
    with watched(served.browser) as page:
        page.goto(url)
        table = part(page, "front-table")
        table.locator("summary").click()
        expect(table.get_by_role("columnheader").nth(1)).to_have_text("Latency on target 0 (ms)")
        part(page, "target").select_option("1")
        expect(table.get_by_role("columnheader").nth(1)).to_have_text("Latency on target 1 (ms)")
        part(page, "x").select_option("size_bytes")
        expect(table.get_by_role("columnheader").nth(1)).to_have_text("Size (kB)")
        smallest = table.locator("tbody tr").first.locator("td")
        expect(smallest.nth(3)).to_have_text("yes")
        sizes = table.locator("tbody tr td:nth-child(2)").all_inner_texts()
        assert float(smallest.nth(1).inner_text()) == min(float(size) for size in sizes)
        part(page, "color").select_option("stages")
        expect(part(page, "legend").locator("li")).to_have_text(["3", "4", "5"])


def test_a_search_is_paused_and_resumed_from_its_page(served: Served) -> None:
    search, url = served.seeded()
    with watched(served.browser) as page:
        page.goto(url)
        page.get_by_role("button", name="Pause").click()
        expect(part(page, "status")).to_have_text("paused")
        with served.service.store.read() as uow:
            assert uow.searches.get(search.id).status is SearchStatus.PAUSED
        page.get_by_role("button", name="Resume").click()
        expect(part(page, "status")).to_have_text("running")


def test_a_search_is_cancelled_from_its_page_once_that_is_confirmed(served: Served) -> None:
    search, url = served.seeded()
    with watched(served.browser) as page:
        page.goto(url)
        page.once("dialog", lambda dialog: dialog.dismiss())
        page.get_by_role("button", name="Cancel").click()
        expect(part(page, "status")).to_have_text("running")
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Cancel").click()
        expect(part(page, "status")).to_have_text("cancelling")


def test_a_clone_begins_with_the_spec_of_its_search(served: Served) -> None:
    search, url = served.seeded(1)
    with watched(served.browser) as page:
        page.goto(url)
        page.get_by_role("link", name="Clone").click()
        expect(page.locator("#field-targets-1-threads")).to_have_value("2")
        expect(page.locator("#field-constraints-0-max")).to_have_value(str(LIMIT_MS))
        expect(page.locator("#verdict")).to_have_text("valid")


def test_candidates_are_selected_by_a_rectangle_around_them(served: Served) -> None:
    _, url = served.seeded()
    with watched(served.browser) as page:
        page.goto(url)
        chart = part(page, "front-chart")
        expect(chart.locator("canvas")).to_be_visible()
        page.get_by_role("button", name="Select").click()
        box = chart.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 60, box["y"] + 40)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 60, steps=4)
        page.mouse.up()
        expect(part(page, "selection")).to_have_text(re.compile(r"^[1-9]\d* selected$"))
        page.get_by_role("button", name="Reset").click()
        expect(part(page, "selection")).to_have_text("")


def test_a_member_of_the_front_is_opened_and_its_model_downloaded(served: Served, tmp_path: Path) -> None:
    search, url = served.seeded()
    with watched(served.browser) as page:
        page.goto(url)
        part(page, "members").locator("tbody a").first.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Candidate ")
        expect(page.get_by_text("on the front")).to_be_visible()
        drawing = page.locator(".drawing img")
        expect(drawing).to_have_js_property("complete", True)
        assert drawing.evaluate("image => image.naturalWidth") > 0
        link = page.get_by_role("link", name="model.onnx")
        assert re.fullmatch(r"/v1/candidates/[\w-]+/artifacts/model\.onnx", link.get_attribute("href") or "")
        expect(part(page, "curve-chart").locator("canvas")).to_be_visible()
        expect(page.locator(".shares li")).not_to_have_count(0)
        expect(page.get_by_text("Shares of the multiply-accumulates")).to_be_visible()
        assert serious_findings(page) == []


def test_every_sample_of_a_timing_is_drawn_in_order(served: Served) -> None:
    search, _ = served.seeded(1)
    samples = np.linspace(0.2, 0.3, 500, dtype="<f4")
    result = {
        "median_ms": 0.25,
        "p10_ms": 0.21,
        "p99_ms": 0.3,
        "samples_f32_zlib_base64": base64.b64encode(zlib.compress(samples.tobytes())).decode(),
    }
    timing = {"target": TargetSpec(), "device_id": "desk", "median_ms": 0.25, "peak_memory_mib": None, "noisy": False}
    measurement = Measurement(new_id("measurement"), f"{0:064x}", result=result, created_at=NOW, **timing)
    with served.service.store.write() as uow:
        [candidate] = uow.records.candidates(search.id)
        uow.evidence.add_measurement(measurement)
    with watched(served.browser) as page:
        page.goto(f"{served.url}/candidates/{candidate.id}")
        page.get_by_role("button", name="In order").click()
        expect(page.get_by_text("500 samples, 0 above what is shown")).to_be_visible()
        expect(part(page, "samples-chart").locator("canvas")).to_be_visible()
        page.get_by_role("button", name="Spread").click()
        expect(part(page, "samples-chart")).to_be_hidden()
        expect(part(page, "latency-chart").locator("canvas")).to_be_visible()


def test_pointing_at_a_candidate_shows_it_and_a_click_opens_it(served: Served) -> None:
    _, url = served.seeded(1)
    with watched(served.browser) as page:
        page.goto(url)
        expect(part(page, "front-chart").locator("canvas")).to_be_visible()
        tip = page.locator(".tip")
        for x, y in around(part(page, "front-chart")):
            page.mouse.move(x, y)
            if tip.count() and tip.is_visible():
                break
        expect(tip).to_contain_text("Candidate 0")
        expect(tip).to_contain_text("Latency on target 0")
        page.mouse.click(x, y)
        expect(page.get_by_role("heading", level=1)).to_have_text("Candidate 0")


def test_ticked_candidates_are_compared(served: Served) -> None:
    _, url = served.seeded()
    with watched(served.browser) as page:
        page.goto(url)
        boxes = part(page, "members").get_by_role("checkbox")
        boxes.nth(0).check()
        boxes.nth(1).check()
        part(page, "compare").click()
        expect(page.get_by_role("heading", name="2 candidates compared")).to_be_visible()
        expect(page.locator('[aria-label="Choices that differ"] .odd')).not_to_have_count(0)
        expect(part(page, "fronts-chart").locator("canvas")).to_be_visible()
        assert serious_findings(page) == []


def around(chart: Locator) -> Iterator[tuple[float, float]]:
    """Places near the middle of a chart, where its only point is, but for the room that the axes take."""
    box = chart.bounding_box()
    assert box is not None
    for step_x in range(12):
        for step_y in range(12):
            yield box["x"] + box["width"] / 2 + 5 * step_x - 30, box["y"] + box["height"] / 2 + 5 * step_y - 30


def test_compressed_members_of_the_front_stand_with_the_others_wherever_candidates_do(served: Served) -> None:
    search_id = compressed_search(served.service)
    with watched(served.browser) as page:
        page.goto(f"{served.url}/searches/{search_id}")
        members = page.request.get(f"{served.url}/v1/searches/{search_id}/front").json()["members"]
        child = next(member["candidate"] for member in members if member["candidate"]["parent_id"])
        rows = part(page, "members").locator("tbody tr")
        expect(rows).to_have_count(len(members))
        expect(rows.filter(has_text=f"#{child['number']}")).to_contain_text("prune-channels of #")
        expect(page.get_by_text("by their final numbers")).to_be_visible()
        expect(fact(page, "Candidates")).to_have_text("6 of 6")
        page.goto(f"{served.url}/compare?candidate={child['id']}&candidate={child['parent_id']}")
        part(page, "fronts-table").locator("summary").click()
        expect(part(page, "fronts-table").locator("tbody tr")).to_have_count(2)
        page.set_viewport_size(PHONE)
        page.goto(f"{served.url}/candidates/{child['id']}")
        expect(page.get_by_role("heading", name="Compressed by prune-channels")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_table_that_is_opened_before_the_candidates_are_here_is_filled_when_they_come(served: Served) -> None:
    search_id = compressed_search(served.service)
    held: list[Route] = []
    with watched(served.browser) as page:
        members = page.request.get(f"{served.url}/v1/searches/{search_id}/front").json()["members"]
        first, second = (member["candidate"]["id"] for member in members[:2])
        page.route("**/points", lambda route: held.append(route))
        page.goto(f"{served.url}/compare?candidate={first}&candidate={second}")
        table = part(page, "fronts-table")
        table.locator("summary").click()
        expect(table).to_have_attribute("open", "")
        assert held
        for route in held:
            route.continue_()
        expect(table.locator("tbody tr")).to_have_count(2)


def test_a_search_without_candidates_says_so(served: Served) -> None:
    _, url = served.seeded(0)
    with watched(served.browser) as page:
        page.goto(url)
        expect(page.get_by_role("heading", name="No candidates yet")).to_be_visible()
        expect(part(page, "figures")).to_be_hidden()
