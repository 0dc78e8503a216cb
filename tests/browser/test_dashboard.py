"""The dashboard in a real browser: searches listed, made and cancelled, devices and keys, sessions."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from nas_service.api.app import create_app
from nas_service.bootstrap import Service
from nas_service.domain.identity import Scope
from nas_service.domain.states import SearchStatus
from nas_service.use_cases.keys import create_key
from nas_service.use_cases.ports import Page as Rows
from tests.support.api import new_service, plain_logs, serving
from tests.support.seeded import add_search, seed_devices, seed_searches, seed_timings
from tests.support.values import NOW
from tests.support.watched import DESKTOP, PHONE, launch, serious_findings, watched

pytestmark = pytest.mark.browser

REFUSED = ("status of 422",)
"""What a browser itself says of a refusal that the page shows."""


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    with plain_logs(), sync_playwright() as playwright:
        browser = launch(playwright, chromium)
        yield browser
        browser.close()


@dataclass(frozen=True)
class Site:
    """A dashboard that somebody uses."""

    service: Service
    url: str

    def status_of(self, search_id: str) -> SearchStatus:
        with self.service.store.read() as uow:
            return uow.searches.get(search_id).status


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Nobody needs a key. One search in each state, some devices."""
    with new_service(tmp_path_factory.mktemp("site") / "home") as service, serving(create_app(service)) as url:
        seed_searches(service.store)
        seed_devices(service.store)
        yield Site(service, url)


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Everybody needs a key."""
    home = tmp_path_factory.mktemp("locked") / "home"
    with new_service(home, require_keys=True) as service, serving(create_app(service)) as url:
        yield Site(service, url)


@pytest.fixture
def page(site: Site, browser: Browser) -> Iterator[Page]:
    with watched(browser, REFUSED, base_url=site.url) as page:
        yield page


def _names(page: Page) -> list[str]:
    return page.locator("tbody th a").all_inner_texts()


@pytest.mark.parametrize("path", ["/", "/searches/new", "/devices", "/keys", "/webhooks"])
def test_every_page_fits_and_is_usable_by_all(site: Site, browser: Browser, path: str) -> None:
    with watched(browser, base_url=site.url, viewport=PHONE, color_scheme="dark") as page:
        page.goto(path)
        expect(page.locator("[aria-busy]")).to_have_count(0)
        assert serious_findings(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.set_viewport_size(DESKTOP)
        page.emulate_media(color_scheme="light")
        assert serious_findings(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_searches_are_listed_sorted_and_filtered(page: Page) -> None:
    page.goto("/")
    assert _names(page)[:2] == ["queued search", "running search"]
    page.get_by_role("button", name="Best accuracy").click()
    assert _names(page)[:2] == ["succeeded search", "running search"]
    assert _names(page)[-1] == "queued search"
    page.get_by_label("State").select_option("FAILED")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_text("no-worker")).to_be_visible()
    page.get_by_label("State").select_option("")
    page.get_by_label("Name contains").fill("nothing is called so")
    expect(page.get_by_role("heading", name="No search fits")).to_be_visible()


def test_the_list_shows_by_itself_what_has_changed_and_keeps_what_was_ticked(site: Site, page: Page) -> None:
    page.goto("/")
    page.get_by_label("Select running search").check()
    added = add_search(site.service.store, 2, name="a new one", status=SearchStatus.RUNNING, created_at=NOW)
    expect(page.get_by_role("link", name="a new one")).to_be_visible()
    expect(page.get_by_label("Select running search")).to_be_checked()
    with site.service.store.write() as uow:
        uow.searches.delete(added.id)


def test_styles_that_an_extension_gave_a_row_do_not_make_the_refreshed_page_complain(site: Site, page: Page) -> None:
    """Nor those of axe, which looks below elements by styling them; htmx would set them again as attributes."""
    page.goto("/")
    page.locator("#searches-table").evaluate("table => table.style.opacity = '0.9'")
    added = add_search(site.service.store, 2, name="another new one", status=SearchStatus.RUNNING, created_at=NOW)
    expect(page.get_by_role("link", name="another new one")).to_be_visible()
    with site.service.store.write() as uow:
        uow.searches.delete(added.id)


def test_ticked_searches_are_cancelled_together(site: Site, page: Page) -> None:
    store = site.service.store
    doomed = [add_search(store, 1, name=f"doomed {i}", status=SearchStatus.RUNNING, created_at=NOW) for i in range(2)]
    page.goto("/?named=doomed")
    for search in doomed:
        page.get_by_label(f"Select {search.name}").check()
    page.get_by_role("button", name="Cancel…").click()
    page.get_by_role("button", name="Cancel them").click()
    expect(page.get_by_text("2 cancelled.")).to_be_visible()
    assert {site.status_of(search.id) for search in doomed} == {SearchStatus.CANCELLING}


def test_ticked_searches_are_compared(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Select succeeded search").check()
    expect(page.get_by_role("link", name="Compare")).to_have_attribute("aria-disabled", "true")
    page.get_by_label("Select running search").check()
    page.get_by_role("link", name="Compare").click()
    expect(page.get_by_role("heading", name="2 searches compared")).to_be_visible()
    chart = page.locator('[data-part="fronts-chart"]')
    expect(chart.locator("canvas")).to_be_visible()
    page.get_by_label("Across").select_option("size_bytes")
    expect(page).to_have_url(re.compile("x=size_bytes"))
    page.reload()
    expect(chart).to_have_attribute("aria-label", re.compile("against size"))
    assert serious_findings(page) == []
    page.set_viewport_size(PHONE)
    page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")  # the chart follows the page


def test_the_form_submits_what_it_shows(site: Site, page: Page) -> None:
    page.goto("/searches/new")
    page.get_by_role("button", name="Small and fast").click()
    page.locator("#field-name").fill("by form")
    page.locator("#field-budget-candidates").fill("7")
    expect(page.locator("#code")).to_contain_text("candidates: 7")
    expect(page.locator("#verdict")).to_have_text("valid")
    expect(page.locator("#sizes")).to_contain_text("networks")
    with page.expect_response("**/v1/searches") as answer:
        page.get_by_role("button", name="Start the search").click()
    assert answer.value.status == 202
    page.wait_for_url("**/searches/search-*")
    with site.service.store.read() as uow:
        [search, *_], _ = uow.searches.list(Rows(limit=1), named="by form")
    assert page.url.endswith(search.id)
    assert search.spec.budget.candidates == 7
    assert [objective.metric for objective in search.spec.objectives] == ["accuracy", "latency_ms", "size_bytes"]


def test_a_field_that_is_wrong_says_so_where_it_stands(page: Page) -> None:
    page.goto("/searches/new")
    page.locator("#field-budget-candidates").fill("0")
    field = page.locator('[data-path="budget.candidates"]')
    expect(field.locator(".field-error")).to_contain_text("greater than or equal to 1")
    expect(page.locator("#verdict")).to_have_text("1 to mend")
    page.get_by_role("button", name="Start the search").click()
    expect(page.locator("#field-budget-candidates")).to_be_focused()
    page.locator("#field-budget-candidates").fill("3")
    expect(field.locator(".field-error")).to_have_count(0)


def test_steps_of_a_recipe_and_their_options_are_set_by_the_form(site: Site, page: Page) -> None:
    page.goto("/searches/new")
    page.locator("#field-name").fill("compressed")
    page.get_by_text("Finalize", exact=True).click()
    for step in ("quantize-weights", "prune-channels"):  # in an order that cannot be followed
        page.locator("#step-finalize-" + step).check()
    page.get_by_text("Options of prune-channels").click()
    share = page.locator('[data-path="finalize.recipe.0.prune-channels.macs_share"]')
    share.locator("input").fill("2")
    expect(share.locator(".field-error")).to_have_text("Input should be less than 1")
    share.locator("input").fill("0.3")
    page.get_by_text("Options of quantize-weights").click()
    page.locator('[data-path="finalize.recipe.1.quantize-weights.bits"] select').select_option("4")
    expect(page.locator("#code")).to_contain_text("macs_share: 0.3")
    expect(page.locator("#verdict")).to_have_text("valid")
    assert serious_findings(page) == []
    page.get_by_role("button", name="Start the search").click()
    page.wait_for_url("**/searches/search-*")
    with site.service.store.read() as uow:
        [search, *_], _ = uow.searches.list(Rows(limit=1), named="compressed")
    assert search.spec.finalize.recipe == ({"prune-channels": {"macs_share": 0.3}}, {"quantize-weights": {"bits": 4}})


def test_fields_that_few_need_are_folded_away_and_take_lists_and_objects(page: Page) -> None:
    page.goto("/searches/new")
    expect(page.locator("#field-objectives-0-across")).to_be_hidden()
    page.get_by_text("Targets", exact=True).click()
    page.get_by_role("button", name="Add a target").click()
    page.locator("#field-targets-1-threads").fill("2")
    objective = page.locator('[data-path="objectives.1"]')
    objective.get_by_text("More").click()
    objective.get_by_label("Across").select_option("weighted")
    objective.get_by_label("Weights").fill("1, 2.5")
    expect(page.locator("#code")).to_contain_text("weights:\n  - 1.0\n  - 2.5")
    page.locator('[data-fold="budget.more"] > summary').click()
    page.locator('[data-path="budget.settled"]').get_by_text("Settled", exact=True).click()
    page.locator("#field-budget-settled-candidates").fill("30")
    expect(page.locator("#code")).to_contain_text("settled:\n    candidates: 30")


def test_a_pasted_spec_becomes_the_form(page: Page) -> None:
    page.goto("/searches/new")
    expect(page.locator("#verdict")).to_have_text("valid")
    page.get_by_role("button", name="YAML").first.click()
    page.get_by_label("Spec in YAML or JSON").fill("dataset: {name: digits}\nbudget: {candidates: 11}\nspase: {}\n")
    expect(page.locator("#problems")).to_contain_text("did you mean `space`?")
    page.get_by_label("Spec in YAML or JSON").fill("dataset: {name: digits}\nbudget: {candidates: 11}\n")
    expect(page.locator("#verdict")).to_have_text("valid")
    page.get_by_role("button", name="Form").click()
    expect(page.locator("#field-budget-candidates")).to_have_value("11")


def test_a_choice_that_is_restricted_makes_the_space_smaller(page: Page) -> None:
    page.goto("/searches/new")
    expect(page.locator("#sizes")).to_contain_text("5.57 × 10¹³")
    page.get_by_text("Restrict what may vary").click()
    page.locator('[data-path="space.choices.stages"]').get_by_label("5", exact=True).uncheck()
    expect(page.locator("#code")).to_contain_text("stages")
    expect(page.locator("#sizes")).not_to_contain_text("5.57 × 10¹³")


def test_devices_tell_how_steady_their_timings_were_and_what_predicts_them(site: Site, page: Page) -> None:
    seed_timings(site.service.store)
    page.goto("/devices")
    desk = page.locator("article", has=page.get_by_role("heading", name="desk"))
    expect(desk.get_by_role("img", name="The precisions of the last 20 timings")).to_be_visible()
    row = page.get_by_role("row", name=re.compile("onnxruntime fp32"))
    expect(row).to_contain_text("mobilenet tiny, 8 × 8")
    expect(row).to_contain_text("3.10 % 2.40 % – 3.60 %")
    expect(row).to_contain_text("in use")
    assert serious_findings(page) == []


def test_the_theme_is_switched_and_remembered(page: Page) -> None:
    page.goto("/devices")
    page.get_by_role("button", name="Switch between light and dark").click()
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_one_signs_in_with_a_key_returns_and_signs_out(locked: Site, browser: Browser) -> None:
    _, token = create_key(locked.service.store, "ours", "a person", [Scope.ADMIN])
    with watched(browser, ("status of 403",), base_url=locked.url) as page:
        page.goto("/devices")
        page.get_by_label("API key").fill("nas_wrong")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("there is no such key")
        assert serious_findings(page) == []
        page.get_by_label("API key").fill(token)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/devices")
        [cookie] = page.context.cookies()
        assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (True, True, "Lax")
        assert token not in cookie["value"]
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/sign-in?next=/")
        assert page.context.cookies() == []


def test_a_session_submits_and_makes_keys_and_sees_its_tenant_alone(locked: Site, browser: Browser) -> None:
    _, token = create_key(locked.service.store, "ours", "an admin", [Scope.ADMIN])
    foreign = seed_searches(locked.service.store, "theirs")[SearchStatus.RUNNING]
    with watched(browser, ("status of 404",), base_url=locked.url) as page:
        page.goto("/sign-in")
        page.get_by_label("API key").fill(token)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="No searches yet")).to_be_visible()
        page.goto(f"/searches/{foreign.id}")
        expect(page.get_by_role("heading", name="No such search")).to_be_visible()
        page.goto("/searches/new")
        expect(page.locator("#verdict")).to_have_text("valid")
        page.get_by_role("button", name="Start the search").click()
        page.wait_for_url("**/searches/search-*")
        page.goto("/keys")
        page.get_by_label("Name").fill("ci")
        page.get_by_role("button", name="Make the key").click()
        expect(page.locator("#token")).to_contain_text("nas_")
