"""No answer takes more queries where there is more to tell: each GET route beside 3 and beside 30 of everything."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from nas_service.api.app import create_app
from nas_service.api.event_source import Mark, StoredEvents
from nas_service.bootstrap import Service
from nas_service.domain.entities import Artifact, Evaluation, Export, Measurement, Worker, new_id
from nas_service.domain.formats import ModelFormat
from nas_service.domain.spec import TargetSpec
from nas_service.domain.states import CandidateStatus
from nas_service.store.unit_of_work import SqlStore
from nas_service.use_cases.ports import Page
from tests.integration.nas_service.api.conftest import LOOPBACK
from tests.support.api import new_service
from tests.support.statements import noted
from tests.support.values import NOW, a_candidate, a_search, an_item

NO_QUERY_ROUTES = ("/healthz", "/v1/spaces", "/v1/spaces/{name}", "/v1/recipes", "/v1/spec-schema")
STREAMS = ("/v1/searches/{search_id}/events",)
"""They do not end; what they read is counted apart."""
AGENTS = "/v1/agent/"
"""Each is about one item."""
MODEL = "a" * 64


def fill(store: SqlStore, count: int) -> dict[str, str]:
    """`count` of everything; what stands for each name in a path."""
    searches = [a_search() for _ in range(count)]
    metrics = [{"accuracy": n / count, "latency_ms@0": 1.0 + n} for n in range(count)]
    exports = (Export(ModelFormat.ONNX, MODEL, 1, 0.0, 0.5),)
    evaluation = Evaluation(new_id("evaluation"), "key", 0.5, {}, {}, NOW, exports)
    device = {"id": "f00d", "name": "bench"}
    with store.write() as uow:
        uow.evidence.add_evaluation(evaluation, {})
        for search in searches:
            uow.searches.add(search, "digest")
            uow.events.append(search.id, "something", {})
        candidates = [
            a_candidate(
                searches[0], n, status=CandidateStatus.COMPLETED, metrics=metrics[n], evaluation_id=evaluation.id
            )
            for n in range(count)
        ]
        for n, candidate in enumerate(candidates):
            uow.candidates.add(candidate)
            uow.work.add(an_item(searches[0], candidate_id=candidates[0].id))
            artifact = Artifact(f"{n:064x}", 1, "text/plain")
            uow.evidence.add_artifact(artifact)
            uow.evidence.link_artifact(candidates[0].id, f"file-{n}", artifact.sha256)
            measurement = Measurement(f"m-{n}", MODEL, TargetSpec(), "f00d", 1.0, None, False, {}, datetime.now(UTC))
            uow.evidence.add_measurement(measurement)
            worker = Worker(f"worker-{n}", "host", n, ("train", "profile.local"), device | {"id": f"f00d-{n}"}, 0.0)
            uow.workers.beat(worker)
    return {"search_id": searches[0].id, "candidate_id": candidates[0].id}


def counts(service: Service, names: Mapping[str, str]) -> dict[str, int]:
    """Queries of each route whose path can be filled in."""
    app = create_app(service)
    found = {}
    with TestClient(app, base_url=LOOPBACK) as client:
        for path, operations in app.openapi()["paths"].items():
            if "get" not in operations or path in STREAMS or path.startswith(AGENTS):
                continue
            try:
                url = path.format(**names)
            except KeyError:
                continue
            with noted(service.store.engine) as statements:
                answer = client.get(url)
            assert answer.status_code < 500, f"{url}: {answer.text}"
            found[path] = len(statements)
    return found


def test_no_route_takes_more_queries_where_there_is_more(tmp_path: Path) -> None:
    by_size = {}
    for count in (3, 30):
        with new_service(tmp_path / str(count)) as service:
            by_size[count] = counts(service, fill(service.store, count))
    assert by_size[30] == by_size[3]
    assert {path for path, queries in by_size[3].items() if queries == 0} <= set(NO_QUERY_ROUTES)
    assert by_size[3]["/v1/searches"] == 2
    assert by_size[3]["/v1/searches/{search_id}/candidates"] == 2


def test_what_has_not_changed_costs_two_queries_and_a_front_that_was_asked_for_one(
    service: Service, client: TestClient
) -> None:
    search_id = fill(service.store, 3)["search_id"]
    for path, queries in ((f"/v1/searches/{search_id}", 2), (f"/v1/searches/{search_id}/front", 1)):
        etag = client.get(path).headers["ETag"]
        with noted(service.store.engine) as statements:
            assert client.get(path, headers={"If-None-Match": etag}).status_code == 304
        assert len(statements) == queries
        assert not any("spec" in statement or "metrics" in statement for statement, _ in statements)


def test_a_front_and_a_standing_are_computed_once_a_version(service: Service, client: TestClient) -> None:
    search_id = fill(service.store, 3)["search_id"]
    path = f"/v1/searches/{search_id}/front"
    first = client.get(path).json()
    client.get(f"/v1/searches/{search_id}")
    with noted(service.store.engine) as statements:
        assert client.get(path).json() == first
        client.get(f"/v1/searches/{search_id}")
    assert not any("FROM candidates" in statement for statement, _ in statements)
    with service.store.write() as uow:
        uow.candidates.add(
            a_candidate(
                uow.searches.get(search_id),
                number=99,
                status=CandidateStatus.COMPLETED,
                metrics={"accuracy": 1.0, "latency_ms@0": 0.1},
            )
        )
        uow.searches.update(search_id)
    assert len(client.get(path).json()["members"]) == 1
    assert client.get(f"/v1/searches/{search_id}").json()["best_accuracy"] == 1.0


def test_another_tenant_is_told_of_nothing_that_is_kept(service: Service, client: TestClient) -> None:
    search_id = fill(service.store, 3)["search_id"]
    for path in (f"/v1/searches/{search_id}", f"/v1/searches/{search_id}/front"):
        etag = client.get(path).headers["ETag"]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(service.store.__class__, "of_tenant", lambda store, _: _of_tenant(store, "another"))
            assert client.get(path, headers={"If-None-Match": etag}).status_code == 404


_of_tenant = SqlStore.of_tenant


@pytest.mark.parametrize("count", [1, 30])
def test_streams_of_many_searches_without_news_cost_one_query(service: Service, count: int) -> None:
    fill(service.store, count)
    source = StoredEvents(service.store)
    with service.store.read() as uow:
        marks = {search.id: Mark(0) for search in uow.searches.list(Page(limit=count))[0]}
    first = source.news(marks)
    assert all(len(batch.events) == 1 for batch in first.values())
    marks = {search_id: batch.mark for search_id, batch in first.items()}
    with noted(service.store.engine) as statements:
        assert source.news(marks) == {}
    assert len(statements) == 1
    changed = next(iter(marks))
    with service.store.write() as uow:
        uow.events.append(changed, "more", {})
        uow.searches.update(changed)
    with noted(service.store.engine) as statements:
        (batch,) = source.news(marks).values()
    assert [event.kind for event in batch.events] == ["more"]
    assert len(statements) == 2
    assert source.news({"search-gone": Mark(0)})["search-gone"].is_last
