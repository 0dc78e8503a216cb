"""What pages of other sites may do, and how large a request may be."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from nas_service.api.app import create_app
from nas_service.api.body_limit import MAX_BODY_BYTES
from tests.integration.nas_service.api.conftest import LOOPBACK, SPEC
from tests.support.api import new_service

ELSEWHERE = "https://example.org"

Make = Callable[..., TestClient]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """A client of a service with these settings."""
    with ExitStack() as stack:

        def client(**settings: Any) -> TestClient:
            service = stack.enter_context(new_service(tmp_path / "home", **settings))
            app = create_app(service)
            return stack.enter_context(TestClient(app, base_url=LOOPBACK, raise_server_exceptions=False))

        yield client


def test_pages_of_other_sites_may_do_nothing_by_default(make: Make) -> None:
    client, origin = make(), {"Origin": ELSEWHERE}
    assert "access-control-allow-origin" not in client.get("/v1/searches", headers=origin).headers
    assert client.post("/v1/searches", json=SPEC, headers=origin).status_code == 403


def test_pages_of_chosen_sites_may_use_the_api(make: Make) -> None:
    client = make(cors_origins=(ELSEWHERE,))
    wish = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    asked = client.options("/v1/searches", headers={"Origin": ELSEWHERE} | wish)
    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (200, ELSEWHERE)
    assert "access-control-allow-credentials" not in asked.headers
    done = client.post("/v1/searches", json=SPEC, headers={"Origin": ELSEWHERE})
    assert (done.status_code, done.headers["access-control-allow-origin"]) == (202, ELSEWHERE)
    assert client.post("/v1/searches", json=SPEC, headers={"Origin": "https://other.example"}).status_code == 403


@pytest.mark.parametrize("path", ["/v1/keys", "/v1/searches"])
@pytest.mark.parametrize("is_told", [True, False], ids=["by its length", "by reading"])
def test_a_large_body_is_refused(make: Make, path: str, is_told: bool) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(MAX_BODY_BYTES // 2**16 + 1):
            yield b"x" * 2**16

    body: Any = b"x" * (MAX_BODY_BYTES + 1) if is_told else chunks()
    answer = make().post(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert answer.json()["type"] == "/problems/body-too-large"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("given", ["a b", "x" * 65, "<script>", "ä"])
def test_a_request_id_that_is_none_of_ours_is_replaced(make: Make, given: str) -> None:
    answered = make().get("/healthz", headers={"X-Request-ID": given.encode()}).headers["X-Request-ID"]
    assert answered != given
    assert len(answered) == 32
