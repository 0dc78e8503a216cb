"""Quotas over REST: set by operators, seen by their tenant, refused with a time to come again."""

from starlette.testclient import TestClient

from nas_service.domain.identity import Scope
from tests.integration.nas_service.api.conftest import SPEC
from tests.integration.nas_service.api.identity.conftest import KeyMaker


def test_a_tenant_at_its_quota_is_told_the_field_and_when_to_come_again(client: TestClient, key: KeyMaker) -> None:
    operator, ours = key(Scope.OPERATOR, tenant="default"), key(Scope.READ, Scope.SUBMIT)
    limits = {"live_searches": 2, "live_candidates": 11}
    set_ = client.put("/v1/quotas/ours", json=limits, headers=operator)
    assert set_.status_code == 200
    assert client.post("/v1/searches", json=SPEC, headers=ours).status_code == 202
    refused = client.post("/v1/searches", json=SPEC, headers=ours)
    assert (refused.status_code, refused.json()["type"]) == (429, "/problems/quota-exceeded")
    assert int(refused.headers["Retry-After"]) > 0
    assert [error["field"] for error in refused.json()["errors"]] == ["budget.candidates"]
    usage = client.get("/v1/usage", headers=ours).json()
    assert (usage["tenant"], usage["usage"]["live_searches"], usage["usage"]["live_candidates"]) == ("ours", 1, 6)
    assert usage["quotas"]["live_candidates"] == 11
    listed = client.get("/v1/quotas", headers=operator).json()
    assert [item["tenant"] for item in listed["items"]] == ["ours"]
    assert listed["defaults"]["live_searches"] is None


def test_an_admin_cannot_raise_its_own_quotas(client: TestClient, key: KeyMaker) -> None:
    assert client.put("/v1/quotas/ours", json={}, headers=key(Scope.ADMIN)).status_code == 403
