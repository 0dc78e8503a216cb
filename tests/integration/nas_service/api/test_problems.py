"""Every refusal is a problem document, and nobody is talked into anything."""

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from nas_service.domain.errors import RetryableError
from tests.integration.nas_service.api.conftest import LOOPBACK


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("GET", "/nothing/here", 404, "not-found"),
        ("GET", "/static-offline-docs/nothing.js", 404, "not-found"),
        ("PUT", "/v1/searches", 405, "method-not-allowed"),
        ("GET", "/v1/searches?limit=0", 422, "invalid-request"),
        ("GET", "/v1/searches?status=DONE", 422, "invalid-request"),
        ("GET", "/v1/searches?cursor=made-up", 400, "invalid-cursor"),
        ("GET", "/v1/searches/a%00b", 422, "invalid-request"),
    ],
)
def test_refusals_are_problem_documents(client: TestClient, method: str, path: str, status: int, slug: str) -> None:
    answer = client.request(method, path, headers={"X-Request-ID": "mine"})
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Request-ID"] == "mine"
    problem = answer.json()
    assert (problem["type"], problem["status"], problem["request_id"]) == (f"/problems/{slug}", status, "mine")
    assert problem["detail"]


def test_a_parameter_at_fault_is_named(client: TestClient) -> None:
    answer = client.get("/v1/searches?limit=many")
    assert [error["field"] for error in answer.json()["errors"]] == ["query.limit"]


def test_a_method_that_is_not_allowed_tells_which_are(client: TestClient) -> None:
    assert "GET" in client.put("/healthz").headers["Allow"]


def test_an_unexpected_error_tells_nothing_of_its_cause(app: FastAPI) -> None:
    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("the password is hunter2")

    with TestClient(app, base_url=LOOPBACK, raise_server_exceptions=False) as client:
        answer = client.get("/broken")
    assert answer.status_code == 500
    assert answer.json()["type"] == "/problems/internal-error"
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]
    assert "hunter2" not in answer.text


def test_a_passing_fault_asks_to_try_again(app: FastAPI) -> None:
    @app.get("/busy")
    def busy() -> None:
        raise RetryableError("busy", "the device is busy")

    with TestClient(app, base_url=LOOPBACK) as client:
        answer = client.get("/busy")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, 'x"}\n'])
def test_a_request_id_that_could_forge_a_log_line_is_replaced(client: TestClient, given: str) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": given.encode("latin-1")})
    assert answer.headers["X-Request-ID"] != given
    assert answer.headers["X-Request-ID"].isalnum()


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8321", "", "127.0.0.1.evil.example", "["])
def test_a_foreign_host_name_is_refused(client: TestClient, host: str) -> None:
    answer = client.get("/healthz", headers={"Host": host})
    assert answer.status_code == 400
    assert answer.json()["type"] == "/problems/unknown-host"


@pytest.mark.parametrize("host", ["localhost", "localhost:8321", "127.0.0.1:1", "[::1]:8321"])
def test_names_of_this_machine_are_accepted(client: TestClient, host: str) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:1", "null"])
def test_a_page_of_another_origin_changes_nothing(client: TestClient, search_id: str, origin: str) -> None:
    answer = client.post(f"/v1/searches/{search_id}/cancel", headers={"Origin": origin})
    assert answer.status_code == 403
    assert answer.json()["type"] == "/problems/cross-origin"
    assert client.get(f"/v1/searches/{search_id}").json()["status"] == "QUEUED"


def test_our_own_pages_may_change_things(client: TestClient, search_id: str) -> None:
    answer = client.post(f"/v1/searches/{search_id}/pause", headers={"Origin": LOOPBACK})
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/docs", "/healthz", "/nothing", "/v1/searches"])
def test_every_answer_has_security_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Content-Security-Policy"].startswith("default-src ")
    assert "Server" not in headers
