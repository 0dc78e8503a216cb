"""Without keys only this machine may reach the service."""

from typing import Any

import pytest

from nas_service.api.serve import ExposedAddressError, check_address
from nas_service.settings import Settings


def _no_keys() -> bool:
    return False


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_is_served(host: str) -> None:
    check_address(Settings(host=host), _no_keys)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", ""])
def test_other_addresses_are_refused_unless_this_is_wanted(host: str) -> None:
    with pytest.raises(ExposedAddressError, match="nas keys create NAME"):
        check_address(Settings(host=host), _no_keys)
    check_address(Settings(host=host), lambda: True)
    check_address(Settings(host=host, insecure=True), _no_keys)


def test_an_exposed_address_does_not_go_without_keys_by_the_wrong_switch() -> None:
    with pytest.raises(ExposedAddressError, match="NAS_REQUIRE_KEYS is off"):
        check_address(Settings(host="0.0.0.0", require_keys=False), lambda: True)


@pytest.mark.parametrize(
    ("settings", "required"),
    [
        ({}, False),
        ({"host": "0.0.0.0"}, True),
        ({"host": "0.0.0.0", "insecure": True}, False),
        ({"require_keys": True}, True),
        ({"host": "0.0.0.0", "insecure": True, "require_keys": True}, True),
    ],
)
def test_keys_are_asked_for_where_other_machines_can_reach(settings: dict[str, Any], required: bool) -> None:
    assert Settings(**settings).keys_required is required
