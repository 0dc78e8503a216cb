"""The report is one page with every number of the front, and needs nothing but itself."""

import re
from html.parser import HTMLParser

import pytest
import yaml

from nas_service.domain.spec import SearchSpec
from nas_service.plots.draw import PLOTS
from nas_service.plots.material import Material
from nas_service.report.page import report_page
from tests.integration.nas_service.plots.conftest import COUNT, NAME


class Reader(HTMLParser):
    """What a reader of the page sees, and what the page refers to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self._hidden = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._hidden += tag == "style"
        for name, value in attrs:
            if name == "id" and value:
                self.ids.append(value)
            if name in ("href", "src", "xlink:href") and value:
                self.links.append(value)

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag == "style"

    def handle_data(self, data: str) -> None:
        if not self._hidden and data.strip():
            self.words.append(data.strip())

    @property
    def text(self) -> str:
        return " ".join(self.words)


@pytest.fixture(scope="module")
def page(material: Material) -> str:
    return report_page(material)


@pytest.fixture(scope="module")
def seen(page: str) -> Reader:
    return Reader(page)


def test_it_runs_nothing_and_fetches_nothing(page: str, seen: Reader) -> None:
    assert {"script", "link", "iframe", "img"} & set(seen.tags) == set()
    assert [link for link in seen.links if not link.startswith("#")] == []
    assert not re.search(r"@import|url\((?!#)", page)


def test_a_name_is_text_and_never_markup(seen: Reader) -> None:
    assert NAME in seen.text


def test_every_figure_is_there_for_a_page_and_for_a_phone(seen: Reader) -> None:
    assert seen.tags.count("svg") == 2 * len(PLOTS)
    for plot in PLOTS.values():
        assert plot.heading in seen.text


def test_every_network_of_the_front_is_listed_with_its_files(material: Material, seen: Reader) -> None:
    for member in material.members:
        assert member.architecture_key[:8] in seen.words
        for file in member.artifacts:
            assert file.sha256 in seen.words


def test_the_spec_in_it_is_the_spec_of_the_search(material: Material, seen: Reader) -> None:
    [text] = [words for words in seen.words if words.startswith("name: ")]
    assert SearchSpec.model_validate(yaml.safe_load(text)) == material.search.spec


def test_what_happened_is_told(seen: Reader) -> None:
    assert "submitted" in seen.words
    assert "phase search" in seen.words
    assert "the worker was killed" in seen.text
    assert f"of {COUNT} tried" in seen.text
