"""Who is let in: keys that are right, wrong, revoked or missing, and what is remembered of them."""

from datetime import UTC, datetime, timedelta

import pytest
import structlog
from sqlalchemy import select
from starlette.testclient import TestClient

from nas_service.api import key_ring
from nas_service.bootstrap import Service
from nas_service.domain.identity import Scope
from nas_service.store.tables import api_keys
from nas_service.use_cases.keys import create_key, revoke_key
from tests.integration.nas_service.api.conftest import SPEC
from tests.integration.nas_service.api.identity.conftest import KeyMaker


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_key_opens_what_it_is_for(client: TestClient, key: KeyMaker) -> None:
    assert client.get("/v1/searches", headers=key(Scope.READ)).status_code == 200


@pytest.mark.parametrize(
    ("headers", "problem"),
    [
        ({}, "missing-key"),
        ({"Authorization": "Basic dXNlcjpwYXNz"}, "missing-key"),
        (bearer("x"), "invalid-key"),
        (bearer(f"nas_{'0' * 12}_{'A' * 43}"), "invalid-key"),
    ],
)
def test_without_a_right_key_nothing_opens(client: TestClient, headers: dict[str, str], problem: str) -> None:
    answer = client.get("/v1/searches", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == f"/problems/{problem}"


def test_a_known_id_with_another_secret_is_not_a_key(client: TestClient, service: Service) -> None:
    _, token = create_key(service.store, "ours", "right", [Scope.READ])
    wrong = token[:-1] + ("A" if token[-1] != "A" else "B")
    assert client.get("/v1/searches", headers=bearer(wrong)).json()["type"] == "/problems/invalid-key"


def test_a_revoked_key_opens_nothing_once_it_is_forgotten(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_ring, "REMEMBERED_S", 0.0)
    made, token = create_key(service.store, "ours", "lost laptop", [Scope.READ])
    assert client.get("/v1/searches", headers=bearer(token)).status_code == 200
    revoke_key(service.store, made.id)
    answer = client.get("/v1/searches", headers=bearer(token))
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/revoked-key")
    assert "lost laptop" in answer.json()["detail"]


def test_a_key_is_looked_up_once_for_many_requests(client: TestClient, service: Service, key: KeyMaker) -> None:
    header = key(Scope.READ)
    assert client.get("/v1/spec-schema", headers=header).status_code == 200
    with service.store.engine.begin() as connection:
        connection.execute(api_keys.delete())
    assert client.get("/v1/spec-schema", headers=header).status_code == 200


def test_its_use_is_noted_once_a_minute(client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_ring, "REMEMBERED_S", 0.0)
    made, token = create_key(service.store, "ours", "used", [Scope.READ])

    def noted() -> datetime | None:
        with service.store.read() as uow:
            return uow.keys.get(made.id).last_used_at

    assert noted() is None
    client.get("/v1/searches", headers=bearer(token))
    first = noted()
    assert first is not None
    client.get("/v1/searches", headers=bearer(token))
    assert noted() == first
    with service.store.write() as uow:
        uow.keys.note_use(made.id, datetime.now(UTC) - timedelta(minutes=2))
    client.get("/v1/searches", headers=bearer(token))
    later = noted()
    assert later is not None
    assert later >= first


def test_secrets_are_kept_nowhere_and_logged_nowhere(client: TestClient, service: Service, key: KeyMaker) -> None:
    with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as logs:
        made = client.post("/v1/keys", json={"name": "new"}, headers=key(Scope.ADMIN)).json()
        client.get("/v1/searches", headers=bearer(made["token"]))
        client.get("/v1/searches", headers=bearer(made["token"] + "x"))
        client.get(f"/v1/searches?cursor={made['token']}")
    secret = made["token"].rpartition("_")[2]
    assert len(logs) == 4
    assert secret not in str(logs)
    with service.store.engine.begin() as connection:
        assert secret not in str(connection.execute(select(api_keys)).all())


class TestManaging:
    def test_a_key_is_shown_with_its_token_once(self, client: TestClient, key: KeyMaker) -> None:
        admin = key(Scope.ADMIN)
        made = client.post("/v1/keys", json={"name": "new", "scopes": ["read"]}, headers=admin)
        assert made.status_code == 201
        assert client.get("/v1/searches", headers=bearer(made.json()["token"])).status_code == 200
        listed = client.get("/v1/keys", headers=admin).json()["items"]
        assert {item["name"] for item in listed} == {"new", "made for a test"}
        assert "token" not in str(listed)
        assert "digest" not in str(listed)

    def test_pages_hold_every_key_once(self, client: TestClient, key: KeyMaker) -> None:
        admin = key(Scope.ADMIN)
        for _ in range(4):
            key(Scope.READ)
        seen, cursor = [], ""
        for _ in range(3):
            page = client.get("/v1/keys", params={"limit": 2} | ({"cursor": cursor} if cursor else {}), headers=admin)
            seen += [item["id"] for item in page.json()["items"]]
            cursor = page.json()["next_cursor"]
        assert cursor is None
        assert len(set(seen)) == len(seen) == 5

    def test_a_revoked_key_stays_listed(self, client: TestClient, service: Service, key: KeyMaker) -> None:
        admin = key(Scope.ADMIN)
        made, _ = create_key(service.store, "ours", "old", [Scope.READ])
        first = client.delete(f"/v1/keys/{made.id}", headers=admin).json()
        again = client.delete(f"/v1/keys/{made.id}", headers=admin).json()
        assert first["revoked_at"] is not None
        assert again == first

    @pytest.mark.parametrize(
        "wanted",
        [{"tenant": "theirs"}, {"scopes": ["device"]}, {"scopes": ["read", "operator"]}],
        ids=["another's", "device", "operator"],
    )
    def test_an_admin_gives_nothing_beyond_its_tenant(
        self, client: TestClient, key: KeyMaker, wanted: dict[str, object]
    ) -> None:
        body = {"name": "more"} | wanted
        assert client.post("/v1/keys", json=body, headers=key(Scope.ADMIN)).status_code == 403
        assert client.post("/v1/keys", json=body, headers=key(Scope.OPERATOR)).status_code == 201

    def test_an_admin_cannot_end_an_operators_key(self, client: TestClient, service: Service, key: KeyMaker) -> None:
        operators, _ = create_key(service.store, "ours", "root", [Scope.OPERATOR])
        assert client.delete(f"/v1/keys/{operators.id}", headers=key(Scope.ADMIN)).status_code == 403

    def test_an_operator_sees_and_ends_everybodys_keys(
        self, client: TestClient, service: Service, key: KeyMaker
    ) -> None:
        operator = key(Scope.OPERATOR)
        theirs, _ = create_key(service.store, "theirs", "theirs", [Scope.READ])
        assert len(client.get("/v1/keys", headers=operator).json()["items"]) == 2
        [found] = client.get("/v1/keys", params={"tenant": "theirs"}, headers=operator).json()["items"]
        assert found["id"] == theirs.id
        assert client.delete(f"/v1/keys/{theirs.id}", headers=operator).status_code == 200

    @pytest.mark.parametrize(
        "body", [{}, {"name": ""}, {"name": "a\n"}, {"name": "a", "scopes": []}, {"name": "a", "tenant": "A b"}]
    )
    def test_a_malformed_wish_names_its_field(self, client: TestClient, key: KeyMaker, body: dict[str, object]) -> None:
        answer = client.post("/v1/keys", json=body, headers=key(Scope.OPERATOR))
        assert answer.status_code == 422
        assert answer.json()["errors"]


def test_the_same_idempotency_key_of_two_tenants_gives_two_searches(client: TestClient, key: KeyMaker) -> None:
    ids = {
        client.post(
            "/v1/searches", json=SPEC, headers={"Idempotency-Key": "k"} | key(Scope.SUBMIT, Scope.READ, tenant=tenant)
        ).json()["id"]
        for tenant in ("ours", "theirs", "ours")
    }
    assert len(ids) == 2
