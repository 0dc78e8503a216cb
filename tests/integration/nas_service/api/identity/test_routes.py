"""What holds for every route, taken from the application's own table: a new one cannot be forgotten."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from benchmarks import no_op_workers
from nas_service.api.app import create_app
from nas_service.bootstrap import Service
from nas_service.domain.datasets import ClassImages, DatasetFormat, UploadedDataset, UploadFacts
from nas_service.domain.entities import Artifact
from nas_service.domain.identity import Principal, Scope
from nas_service.search.memories import SqlMemories
from nas_service.use_cases.keys import create_key
from nas_service.use_cases.ports import Page
from nas_service.use_cases.submit import submit
from nas_service.wire.spec_problems import spec_of
from tests.integration.nas_service.api.conftest import LOOPBACK, SPEC
from tests.support.api import new_service, plain_logs
from tests.support.values import PREDICTOR, WEBHOOK

OPEN = {"/healthz", "/readyz", "/docs", "/docs/oauth2-redirect", "/sign-in", "/sign-out"}
"""They say nothing of anybody's work."""

CHECKS = {scope.value: scope for scope in Scope}
"""The scope that a route names, by the name of the dependency that checks it."""

SHARED = {"/v1/spaces/{name}"}
"""Paths that name what belongs to nobody."""

BODIES: dict[tuple[str, str], Any] = {}
"""By method and path: a body that is accepted, where a route needs one to look at its path."""


@dataclass(frozen=True)
class Route:
    """One operation of the API."""

    method: str
    path: str
    scopes: frozenset[Scope]
    """What it asks for."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def _named(dependant: Dependant) -> Iterator[str]:
    for part in dependant.dependencies:
        yield getattr(part.call, "__name__", "")
        yield from _named(part)


def routes_of(app: FastAPI) -> list[Route]:
    """Every operation but the OpenAPI page's own files."""
    return [
        Route(method, context.path, frozenset(CHECKS[name] for name in _named(context.dependant) if name in CHECKS))
        for context in iter_route_contexts(app.routes)
        if getattr(context, "dependant", None) is not None
        for method in sorted(context.methods - {"HEAD"})
    ]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that asks for keys, and bears with one who tries every route without a fitting one."""
    home = tmp_path_factory.mktemp("routes") / "home"
    with plain_logs(), new_service(home, require_keys=True, wrong_key_rate_limit="") as service:
        yield service


@pytest.fixture(scope="module")
def client(service: Service) -> Iterator[TestClient]:
    """Has no key of its own."""
    with TestClient(create_app(service), base_url=LOOPBACK, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def routes(client: TestClient) -> list[Route]:
    assert isinstance(client.app, FastAPI)
    found = routes_of(client.app)
    assert len(found) > 20
    return found


@pytest.fixture(scope="module")
def foreign(service: Service) -> dict[str, str]:
    """Another tenant's things, by the name of the path parameter that means them."""
    search, _ = submit(service.store, (), spec_of(SPEC), tenant="theirs")
    no_op_workers.run_to_end(service.store, SqlMemories(), search.id)
    key, _ = create_key(service.store, "theirs", "theirs", [Scope.READ])
    classes = (ClassImages(name="a", train=1, validation=0, test=0),)
    size = {"min_width": 8, "max_width": 8, "min_height": 8, "max_height": 8}
    facts = UploadFacts(format=DatasetFormat.NPZ, classes=classes, image_count=1, channels=1, **size)
    dataset = UploadedDataset("dataset-foreign", "theirs", "theirs", "a" * 64, 1, facts, datetime.now(UTC))
    predictor = replace(PREDICTOR, tenant="theirs")
    webhook = replace(WEBHOOK, tenant="theirs")
    with service.store.write() as uow:
        [candidate], _ = uow.candidates.page(search.id, Page(limit=1))
        uow.evidence.add_artifact(Artifact("a" * 64, 1, "text/plain"))
        uow.evidence.link_artifact(candidate.id, "foreign.onnx", "a" * 64)
        uow.datasets.add(dataset)
        uow.predictors.put(predictor, {})
        uow.webhooks.add(webhook)
    return {
        "search_id": search.id,
        "candidate_id": candidate.id,
        "name": "foreign.onnx",
        "key_id": key.id,
        "dataset_id": dataset.id,
        "predictor_id": predictor.id,
        "webhook_id": webhook.id,
    }


def _header(service: Service, *scopes: Scope) -> dict[str, str]:
    return {"Authorization": f"Bearer {create_key(service.store, 'ours', 'ours', scopes)[1]}"}


def _url(path: str, values: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)[^}]*\}", lambda match: values.get(match[1], "unknown"), path)


def _ask(client: TestClient, route: Route, url: str, headers: dict[str, str]) -> Any:
    body = BODIES.get((route.method, route.path))
    # A stream of events would never end; a file of none of its events ends at once.
    return client.request(route.method, url, headers=headers, json=body, follow_redirects=False)


def test_a_route_names_one_scope_or_is_known_to_be_open(routes: list[Route]) -> None:
    assert {route.path for route in routes if not route.scopes} == OPEN
    assert [str(route) for route in routes if len(route.scopes) > 1] == []


def test_nothing_is_changed_by_a_key_for_reading(routes: list[Route]) -> None:
    assert [str(route) for route in routes if route.method != "GET" and Scope.READ in route.scopes] == []


def test_without_a_key_every_route_but_the_open_ones_is_closed(client: TestClient, routes: list[Route]) -> None:
    for route in routes:
        answer = client.request(route.method, _url(route.path, {}), follow_redirects=False)
        to_sign_in = answer.headers.get("location", "").startswith("/sign-in")
        assert (answer.status_code == 401 or to_sign_in) is (route.path not in OPEN), str(route)


@pytest.mark.parametrize("held", list(Scope))
def test_a_key_opens_the_routes_of_its_scope_and_no_others(
    client: TestClient, service: Service, routes: list[Route], held: Scope
) -> None:
    headers = _header(service, held)
    for route in routes:
        if route.scopes:
            [needed] = route.scopes
            is_open = Principal("ours", frozenset({held}), None).may(needed)
            answer = _ask(client, route, _url(route.path, {}), headers)
            assert (answer.status_code != 403) is is_open, (str(route), answer.text)


def test_another_tenants_things_are_not_found_by_any_route(
    client: TestClient, service: Service, routes: list[Route], foreign: dict[str, str]
) -> None:
    headers = _header(service, Scope.ADMIN)
    tried = 0
    for route in routes:
        parameters = set(re.findall(r"\{(\w+)", route.path))
        if not parameters or route.path in SHARED or not route.scopes <= {Scope.READ, Scope.SUBMIT, Scope.ADMIN}:
            continue
        assert parameters <= foreign.keys(), f"{route}: add a thing of another tenant to the fixture `foreign`"
        answer = _ask(client, route, _url(route.path, foreign), headers)
        assert answer.status_code == 404, (str(route), answer.text)
        tried += 1
    assert tried >= 12


def test_another_tenants_things_are_listed_by_no_route(
    client: TestClient, service: Service, routes: list[Route], foreign: dict[str, str]
) -> None:
    headers = _header(service, Scope.ADMIN)
    for route in routes:
        if route.method == "GET" and "{" not in route.path and route.scopes <= {Scope.READ, Scope.ADMIN}:
            text = _ask(client, route, route.path, headers).text
            assert not [value for value in foreign.values() if value in text], str(route)


def test_their_owner_finds_them(client: TestClient, service: Service, foreign: dict[str, str]) -> None:
    headers = {"Authorization": f"Bearer {create_key(service.store, 'theirs', 'theirs', [Scope.ADMIN])[1]}"}
    for path in (
        "/v1/searches/{search_id}",
        "/v1/candidates/{candidate_id}",
        "/v1/candidates/{candidate_id}/artifacts",
    ):
        assert client.get(_url(path, foreign), headers=headers).status_code == 200
    assert foreign["key_id"] in client.get("/v1/keys", headers=headers).text
