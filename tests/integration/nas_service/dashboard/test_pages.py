"""Pages as the server makes them: what the list costs, and what a comparison says to whom."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from nas_service.api.app import create_app
from nas_service.bootstrap import Service
from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import SearchStatus
from nas_service.search.create import create_study
from nas_service.store.unit_of_work import SqlStore
from nas_service.use_cases.ports import Page
from tests.support.api import new_service, plain_logs, serving
from tests.support.finished_search import seed
from tests.support.seeded import seed_searches
from tests.support.statements import noted

URL = "http://127.0.0.1"
GROWTH = "candidates.finished_at IS NOT NULL"
"""Only in the statement that asks for the lines in the list's rows."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with plain_logs(), new_service(tmp_path_factory.mktemp("pages") / "home") as service:
        yield service


@pytest.fixture(scope="module")
def client(service: Service) -> Iterator[TestClient]:
    with TestClient(create_app(service), base_url=URL) as client:
        yield client


@pytest.fixture(scope="module")
def searches(service: Service) -> dict[SearchStatus, str]:
    return {status: search.id for status, search in seed_searches(service.store).items()}


def test_the_lines_of_all_rows_cost_one_query_and_none_while_nothing_changes(
    service: Service, client: TestClient, searches: dict[SearchStatus, str]
) -> None:
    assert isinstance(service.store, SqlStore)
    with noted(service.store.engine) as first:
        page = client.get("/").text
    with noted(service.store.engine) as again:
        assert client.get("/").text == page
    assert page.count('<svg class="spark"') == len(searches) - 1  # the queued one has no candidates
    assert [sum(GROWTH in statement for statement, _ in noted_) for noted_ in (first, again)] == [1, 0]


def test_a_search_links_to_its_study_where_an_optuna_dashboard_is_known(tmp_path: Path) -> None:
    settings = {"optuna_dashboard_url": "http://optuna.example/"}
    with new_service(tmp_path / "home", **settings) as service, TestClient(create_app(service), base_url=URL) as client:
        begun = seed_searches(service.store)
        running, queued = begun[SearchStatus.RUNNING], begun[SearchStatus.QUEUED]
        with service.store.write() as uow:
            study_id = create_study(uow.connection, running.study_name, running.spec.objectives)
        assert (
            f'href="http://optuna.example/dashboard/studies/{study_id}"' in client.get(f"/searches/{running.id}").text
        )
        assert "optuna.example" not in client.get(f"/searches/{queued.id}").text


def test_a_preview_says_how_long_a_search_takes_or_that_nothing_is_known(tmp_path: Path) -> None:
    with new_service(tmp_path / "home") as service, TestClient(create_app(service), base_url=URL) as client:
        spec = {"dataset": {"name": "digits"}, "budget": {"candidates": 10}}
        assert client.post("/searches/preview", json=spec).json()["forecast"] is None
        seed(service.store, 20, traced=20)
        known = client.post("/searches/preview", json=spec).json()["forecast"]
    assert known["evaluation_count"] == 18  # every ninth has failed
    assert 0 < known["duration_s"]["low"] <= known["duration_s"]["high"]


@pytest.mark.parametrize("language", ["curl", "python"])
def test_what_stands_beside_the_form_submits_the_same_search(tmp_path: Path, language: str) -> None:
    with new_service(tmp_path / "home") as service, serving(create_app(service)) as url:
        spec = {
            "name": "it's",
            "dataset": {"name": "digits"},
            "finalize": {"recipe": [{"prune-channels": {"rounds": 2}}]},
        }
        shown = httpx.post(f"{url}/searches/preview", json=spec).json()
        command = ["bash", "-c", shown["curl"]] if language == "curl" else [sys.executable, "-c", shown["python"]]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        with service.store.read() as uow:
            [search], _ = uow.searches.list(Page())
    assert search.id in done.stdout
    assert search.spec == SearchSpec.model_validate(spec)


def test_a_comparison_says_what_differs(client: TestClient, searches: dict[SearchStatus, str]) -> None:
    ids = [searches[SearchStatus.SUCCEEDED], searches[SearchStatus.RUNNING]]
    page = client.get("/compare", params={"search": ids}).text
    assert "succeeded search" in page
    assert "running search" in page
    assert "All settings are the same." in page


@pytest.mark.parametrize(("count", "status"), [(0, 200), (1, 200), (7, 422)])
def test_fewer_than_two_are_told_how_and_more_than_six_refused(
    client: TestClient, searches: dict[SearchStatus, str], count: int, status: int
) -> None:
    answer = client.get("/compare", params={"search": list(searches.values())[:count]})
    assert answer.status_code == status
    assert ("Nothing to compare yet" in answer.text) == (status == 200)


def test_what_is_not_there_is_not_compared(client: TestClient, searches: dict[SearchStatus, str]) -> None:
    answer = client.get("/compare", params={"search": [searches[SearchStatus.RUNNING], "search-none"]})
    assert answer.status_code == 404
    assert "No such search" in answer.text
