"""Metrics tell of all tenants, so a key of one tenant does not open them."""

import pytest
from starlette.testclient import TestClient

from nas_service.domain.identity import Scope
from tests.integration.nas_service.api.identity.conftest import KeyMaker


def test_metrics_ask_for_a_key(client: TestClient) -> None:
    assert client.get("/metrics").status_code == 401


ANSWERS = {Scope.READ: 403, Scope.ADMIN: 403, Scope.METRICS: 200, Scope.OPERATOR: 200}


@pytest.mark.parametrize(("scope", "status"), ANSWERS.items())
def test_metrics_are_for_scrapers_and_operators(client: TestClient, key: KeyMaker, scope: Scope, status: int) -> None:
    assert client.get("/metrics", headers=key(scope)).status_code == status
