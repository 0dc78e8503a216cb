"""A service that asks for keys, and two tenants that have some."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from nas_service.api.app import create_app
from nas_service.bootstrap import Service
from nas_service.domain.identity import Scope
from nas_service.use_cases.keys import create_key
from tests.integration.nas_service.api.conftest import LOOPBACK
from tests.support.api import new_service

KeyMaker = Callable[..., dict[str, str]]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service with an empty database that knows nobody without a key."""
    with new_service(tmp_path / "home", require_keys=True) as service:
        yield service


@pytest.fixture
def app(service: Service) -> FastAPI:
    """The application."""
    return create_app(service)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """Has no key of its own."""
    with TestClient(app, base_url=LOOPBACK, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def key(service: Service) -> KeyMaker:
    """Makes a key, and gives the header that carries it."""

    def make(*scopes: Scope, tenant: str = "ours") -> dict[str, str]:
        _, token = create_key(service.store, tenant, "made for a test", scopes)
        return {"Authorization": f"Bearer {token}"}

    return make
