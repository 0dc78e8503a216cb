"""Sessions over HTTP: who gets one, what it allows, what other sites cannot make of it, when it ends."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from nas_service.api.app import create_app
from nas_service.api.sessions import COOKIE, SECRET_FILE, Sessions
from nas_service.bootstrap import Service
from nas_service.dashboard import static_files
from nas_service.domain.errors import UnauthenticatedError
from nas_service.domain.identity import Scope
from nas_service.settings import Settings
from nas_service.use_cases.keys import create_key, revoke_key
from tests.support.api import new_service, plain_logs
from tests.support.seeded import seed_searches

URL = "https://nas.example"
OWN = {"Origin": URL}
SPEC = {"dataset": {"name": "digits"}}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with plain_logs(), new_service(tmp_path_factory.mktemp("sessions") / "home", require_keys=True) as service:
        yield service


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    """A browser over HTTPS, as behind a proxy; it does not follow redirects."""
    with TestClient(create_app(service), base_url=URL, follow_redirects=False) as client:
        yield client


def _sign_in(client: TestClient, service: Service, *scopes: Scope, **form: str) -> str:
    """Signs in with a new key; returns the key's id."""
    key, token = create_key(service.store, "ours", "a person", scopes or (Scope.ADMIN,))
    client.post("/sign-in", data={"key": token, **form}, headers=OWN)
    return key.id


def test_a_page_without_a_session_leads_to_the_sign_in_page_and_back(client: TestClient) -> None:
    answer = client.get("/devices")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/devices")


def test_a_part_of_a_page_leads_the_whole_page_there(client: TestClient) -> None:
    assert client.get("/", headers={"HX-Request": "true"}).headers["hx-redirect"] == "/sign-in?next=/"


def test_a_session_reads_pages_and_rest(client: TestClient, service: Service) -> None:
    _sign_in(client, service)
    assert client.get("/").status_code == 200
    assert client.get("/v1/usage").json()["tenant"] == "ours"


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}])
def test_nothing_is_changed_but_from_the_services_own_pages(
    client: TestClient, service: Service, headers: dict[str, str]
) -> None:
    _sign_in(client, service)
    assert client.post("/v1/searches", json=SPEC, headers=headers).status_code == 403
    assert client.post("/searches/cancel", data={}, headers=headers).status_code == 403
    assert client.post("/v1/searches", json=SPEC, headers=OWN).status_code == 202


def test_an_origin_that_may_use_the_api_with_keys_may_not_use_sessions(tmp_path: Path) -> None:
    friend = "https://friend.example"
    with (
        new_service(tmp_path / "home", require_keys=True, cors_origins=(friend,)) as service,
        TestClient(create_app(service), base_url=URL, follow_redirects=False) as client,
    ):
        _sign_in(client, service)
        assert client.post("/v1/searches", json=SPEC, headers={"Origin": friend}).status_code == 403


@pytest.mark.parametrize(
    "next_page", ["//evil.example", "https://evil.example", "/\\evil.example", "/\r\nSet-Cookie: a=b"]
)
def test_signing_in_leads_to_own_pages_only(client: TestClient, service: Service, next_page: str) -> None:
    _, token = create_key(service.store, "ours", "a person", [Scope.READ])
    answer = client.post("/sign-in", data={"key": token, "next": next_page}, headers=OWN)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_a_session_ends_with_its_key(client: TestClient, service: Service) -> None:
    revoke_key(service.store, _sign_in(client, service))
    assert client.get("/").status_code == 303
    assert client.get("/v1/usage").status_code == 401


def test_a_session_has_the_scopes_of_its_key(client: TestClient, service: Service) -> None:
    _sign_in(client, service, Scope.READ)
    assert client.get("/keys").status_code == 403
    assert client.post("/v1/searches", json=SPEC, headers=OWN).status_code == 403


def test_a_key_that_cannot_read_begins_no_session(client: TestClient, service: Service) -> None:
    _sign_in(client, service, Scope.DEVICE)
    assert COOKIE not in client.cookies


def test_a_cookie_that_was_made_elsewhere_begins_nothing(client: TestClient, service: Service, tmp_path: Path) -> None:
    key, _ = create_key(service.store, "ours", "a person", [Scope.ADMIN])
    client.cookies.set(COOKIE, Sessions(Settings(home=tmp_path)).issue(key.id))
    assert client.get("/v1/usage").status_code == 401


def test_a_session_is_over_after_its_time(tmp_path: Path) -> None:
    sessions = Sessions(Settings(home=tmp_path))
    cookie = sessions.issue("key-1")
    assert sessions.key_id(cookie) == "key-1"
    sessions.lasts_s = -1
    with pytest.raises(UnauthenticatedError, match="session is over"):
        sessions.key_id(cookie)


def test_the_secret_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    cookie = Sessions(Settings(home=tmp_path)).issue("key-1")
    assert Sessions(Settings(home=tmp_path)).key_id(cookie) == "key-1"
    assert (tmp_path / SECRET_FILE).stat().st_mode & 0o077 == 0


def test_another_tenants_search_is_a_page_that_says_there_is_none(client: TestClient, service: Service) -> None:
    foreign = next(iter(seed_searches(service.store, "theirs").values()))
    _sign_in(client, service)
    answer = client.get(f"/searches/{foreign.id}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert client.get(f"/searches/new?like={foreign.id}").status_code == 404
    assert foreign.id not in client.get("/").text


def test_cancelling_leaves_other_tenants_searches_alone(client: TestClient, service: Service) -> None:
    foreign = seed_searches(service.store, "theirs")
    _sign_in(client, service)
    ids = [search.id for search in foreign.values()]
    answer = client.post("/searches/cancel", data={"ids": ids}, headers=OWN)
    assert answer.headers["location"] == f"/?cancelled=0&over={len(ids)}"
    with service.store.read() as uow:
        assert {uow.searches.get(search.id).status for search in foreign.values()} == set(foreign)


def test_pages_have_a_strict_policy_and_their_files_are_kept_for_good(client: TestClient) -> None:
    answer = client.get("/sign-in")
    assert "script-src 'self';" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    icon = client.get(f"{static_files.address()}/icon.svg")
    assert (icon.status_code, "immutable" in icon.headers["cache-control"]) == (200, True)


def test_a_page_that_has_not_changed_is_not_sent_again(client: TestClient, service: Service) -> None:
    _sign_in(client, service)
    etag = client.get("/devices").headers["etag"]
    assert client.get("/devices", headers={"If-None-Match": etag}).status_code == 304
