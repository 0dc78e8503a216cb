"""`nas keys` works on the server itself, without a service and without a key; clients then show what they have."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from nas_service.api.app import create_app
from nas_service.cli.main import app
from nas_service.client import Client, ClientError
from nas_service.domain.identity import Scope
from nas_service.use_cases.keys import create_key
from nas_service.wire.keys import KeyRequest
from tests.integration.nas_service.cli.conftest import Nas
from tests.support.api import new_service, plain_logs, serving


@pytest.fixture
def at_home(tmp_path: Path, nas: Nas, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that need no service use the service's own database."""
    monkeypatch.setenv("NAS_HOME", str(tmp_path / "home"))


@pytest.mark.usefixtures("at_home")
def test_a_key_is_made_listed_and_revoked(as_json: Callable[..., Any], nas: Nas) -> None:
    made = as_json("keys", "create", "ci", "--tenant", "vision", "--scope", "read", "--scope", "device")
    assert made["token"].startswith("nas_")
    assert (made["key"]["tenant"], made["key"]["scopes"]) == ("vision", ["device", "read"])
    assert as_json("keys", "list")["items"] == [made["key"]]
    assert as_json("keys", "list", "--tenant", "other")["items"] == []
    assert as_json("list", "--token", made["token"]) == {"items": []}
    assert as_json("keys", "revoke", made["key"]["id"])["revoked_at"] is not None
    refused = nas("list", "--token", made["token"] + "x")
    assert refused.exit_code == 2
    assert "there is no such key" in refused.stderr


@pytest.mark.usefixtures("at_home")
def test_quotas_are_set_and_shown(as_json: Callable[..., Any], nas: Nas) -> None:
    account = as_json("quotas", "set", "vision", "--live-searches", "3", "--monthly-minutes", "90")
    assert account["quotas"] | {"live_searches": 3, "monthly_minutes": 90.0} == account["quotas"]
    assert as_json("quotas", "show", "--tenant", "vision") == account
    assert [item["tenant"] for item in as_json("quotas", "show")["items"]] == ["vision"]
    assert "live_searches 3" in nas("quotas", "show").stdout


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("create", "ci", "--tenant", "No Tenant"), "tenant"),
        (("revoke", "key-unknown"), "there is no key 'key-unknown'"),
    ],
)
def test_a_refusal_says_why(nas: Nas, arguments: tuple[str, ...], says: str) -> None:
    done = nas("keys", *arguments)
    assert done.exit_code == 1
    assert says in done.stderr


def test_without_tables_it_names_the_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAS_HOME", str(tmp_path / "new"))
    done = CliRunner().invoke(app, ["keys", "list"])
    assert done.exit_code == 1
    assert "nas migrate" in done.stderr


def test_the_client_shows_its_token_and_manages_keys(tmp_path: Path) -> None:
    with (
        plain_logs(),
        new_service(tmp_path / "home", require_keys=True) as service,
        serving(create_app(service)) as url,
    ):
        _, token = create_key(service.store, "ours", "admin", [Scope.ADMIN])
        with Client(url, retries=0) as stranger, pytest.raises(ClientError) as refused:
            stranger.spaces()
        assert refused.value.problem.slug == "missing-key"
        with Client(url, token=token) as admin:
            made = admin.create_key(KeyRequest(name="new"))
            seen = admin.keys()
            assert {key.name for key in seen} == {"admin", "new"}
            with Client(url, token=made.token) as reader:
                assert list(reader.list()) == []
            assert admin.revoke_key(made.key.id).revoked_at is not None
