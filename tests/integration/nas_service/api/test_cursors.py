"""A cursor is opaque, but it is also input."""

import base64
import json
from typing import Any

import pytest
from starlette.testclient import TestClient

FORGED: list[Any] = [
    [],
    [1, 2],
    ["x"],
    ["x", "y"],
    ["2026-01-01T00:00:00", "naive"],
    ["0001-01-01T00:00:00+23:59", "before-all-time"],
    ["9999-12-31T23:59:59-23:59", "after-all-time"],
    ["2026-01-01T00:00:00Z", "a\0b"],
    [{}],
    [None],
    [1.5],
    [-1],
    [10**30],
    {"not": "a list"},
]


@pytest.mark.parametrize("key", FORGED, ids=str)
@pytest.mark.parametrize("path", ["/v1/searches", "/v1/searches/{search_id}/candidates"])
def test_a_forged_cursor_is_refused(client: TestClient, search_id: str, path: str, key: Any) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")
    answer = client.get(path.format(search_id=search_id), params={"cursor": cursor})
    assert answer.status_code == 400
    assert answer.json()["type"] == "/problems/invalid-cursor"
