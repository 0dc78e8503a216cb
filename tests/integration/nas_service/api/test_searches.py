"""Listing, polling and steering searches."""

import pytest
from starlette.testclient import TestClient

from nas_service.bootstrap import Service
from nas_service.domain.entities import profile_queue
from nas_service.search.memories import SqlMemories
from nas_service.use_cases import work
from nas_service.use_cases.advance import advance
from tests.integration.nas_service.api.conftest import SPEC


def test_pages_hold_every_search_once_newest_first(client: TestClient) -> None:
    submitted = [client.post("/v1/searches", json=SPEC).json()["id"] for _ in range(5)]
    listed: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = client.get("/v1/searches", params={"limit": 2, "cursor": cursor}).json()
        assert len(page["items"]) <= 2
        listed += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert listed == submitted[::-1]


def test_a_list_can_be_narrowed_to_a_status(client: TestClient, search_id: str) -> None:
    other = client.post("/v1/searches", json=SPEC).json()["id"]
    client.post(f"/v1/searches/{other}/pause")
    paused = client.get("/v1/searches", params={"status": "PAUSED"}).json()["items"]
    assert [item["id"] for item in paused] == [other]


def test_an_unchanged_search_is_not_sent_again(client: TestClient, search_id: str) -> None:
    path = f"/v1/searches/{search_id}"
    etag = client.get(path).headers["ETag"]
    unchanged = client.get(path, headers={"If-None-Match": etag})
    assert unchanged.status_code == 304
    assert unchanged.content == b""
    assert unchanged.headers["ETag"] == etag
    client.post(f"{path}/pause")
    changed = client.get(path, headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != etag


def test_the_progress_of_a_worker_changes_the_etag(client: TestClient, service: Service, search_id: str) -> None:
    advance(service.store, SqlMemories(), search_id)
    item = work.claim(service.store, ("train", profile_queue("local")), "worker-1", lease_s=60)
    assert item is not None
    path = f"/v1/searches/{search_id}"
    etag = client.get(path).headers["ETag"]
    work.heartbeat(service.store, item, 60, {"epoch": 3})
    answer = client.get(path, headers={"If-None-Match": etag})
    assert answer.status_code == 200
    assert answer.json()["work"][0]["progress"] == {"epoch": 3}


def test_a_finished_search_tells_how_it_went(client: TestClient, finished_id: str) -> None:
    search = client.get(f"/v1/searches/{finished_id}").json()
    assert search["status"] == "SUCCEEDED"
    assert search["candidates"] == {"COMPLETED": 6}
    assert search["candidate_count"] == 6
    assert 0.5 <= search["best_accuracy"] <= 1.0
    assert search["front_size"] >= 1
    assert 0 < search["hypervolume_ratio"] <= 1
    assert search["resolved_dataset"]["height"] == 8
    assert search["resolved_space"]["preset"] == "tiny"
    assert search["finished_at"].endswith("Z")


@pytest.mark.parametrize(
    ("actions", "status"),
    [
        (["pause"], "PAUSED"),
        (["pause", "pause"], "PAUSED"),
        (["pause", "resume"], "RUNNING"),
        (["cancel"], "CANCELLING"),
        (["cancel", "cancel"], "CANCELLING"),
    ],
)
def test_steering_gives_the_new_status_and_may_be_repeated(
    client: TestClient, search_id: str, actions: list[str], status: str
) -> None:
    answers = [client.post(f"/v1/searches/{search_id}/{action}") for action in actions]
    assert [answer.status_code for answer in answers] == [200] * len(actions)
    assert answers[-1].json()["status"] == status


@pytest.mark.parametrize("action", ["pause", "resume", "cancel"])
def test_a_search_that_is_over_cannot_be_steered(client: TestClient, finished_id: str, action: str) -> None:
    answer = client.post(f"/v1/searches/{finished_id}/{action}")
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/illegal-transition"


def test_only_a_search_that_is_over_can_be_deleted(client: TestClient, search_id: str, service: Service) -> None:
    path = f"/v1/searches/{search_id}"
    assert client.delete(path).status_code == 409
    client.post(f"{path}/cancel")
    advance(service.store, SqlMemories(), search_id)
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["", "/candidates", "/front", "/events"])
def test_an_unknown_search_is_not_found_anywhere(client: TestClient, path: str) -> None:
    answer = client.get(f"/v1/searches/search-000000000000{path}")
    assert answer.status_code == 404
    assert answer.json()["type"] == "/problems/no-such-search"
