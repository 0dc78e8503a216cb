"""`nas webhooks` against a real service."""

from collections.abc import Callable
from typing import Any

from tests.integration.nas_service.cli.conftest import Nas

AsJson = Callable[..., Any]


def test_a_webhook_is_added_listed_and_deleted(nas: Nas, as_json: AsJson) -> None:
    made = as_json("webhooks", "add", "https://example.org/hook")
    assert made["secret"].startswith("whsec_")
    listed = nas("webhooks", "list")
    assert made["webhook"]["id"] in listed.stdout
    assert made["secret"] not in listed.stdout
    assert as_json("webhooks", "list")["items"] == [made["webhook"]]
    assert as_json("webhooks", "delete", made["webhook"]["id"]) == {"deleted": made["webhook"]["id"]}
    assert "no webhooks" in nas("webhooks", "list").stdout
    assert nas("webhooks", "delete", "webhook-0").exit_code == 2


def test_the_secret_is_shown_with_what_to_do_with_it(nas: Nas) -> None:
    shown = nas("webhooks", "add", "https://example.org/hook").stdout
    assert "whsec_" in shown
    assert "not shown again" in shown
