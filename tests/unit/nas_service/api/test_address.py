"""Without authentication only this machine may reach the service."""

import pytest

from nas_service.api.serve import ExposedAddressError, check_address
from nas_service.settings import Settings


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_is_served(host: str) -> None:
    check_address(Settings(host=host))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", ""])
def test_other_addresses_are_refused_unless_this_is_wanted(host: str) -> None:
    with pytest.raises(ExposedAddressError, match="NAS_INSECURE=1"):
        check_address(Settings(host=host))
    check_address(Settings(host=host, insecure=True))
