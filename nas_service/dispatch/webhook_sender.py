"""Posts webhooks without being a way into the network that the service stands in."""

import ipaddress
import socket

import httpx

from nas_service.dispatch.public_address import is_public
from nas_service.domain.errors import RetryableError

TIMEOUT_S = 10.0
"""Shorter than the pause before the second attempt, so that a message is not sent twice at once."""


class NotTakenError(RetryableError):
    """The receiver did not take a message: it is sent again later, up to a cap."""


class WebhookSender:
    """Sends to public addresses only, unless `private` ones are allowed; follows no redirect, reads no answer."""

    def __init__(self, private: bool) -> None:
        self._private = private

    def send(self, url: str, headers: dict[str, str], body: bytes) -> None:
        """Post to where the name leads now. Raises NotTakenError.

        The connection goes to the very address that was checked: a name could lead elsewhere when asked again.
        """
        try:
            target = httpx.URL(url)
            address = self._address(target.host, target.port or (443 if target.scheme == "https" else 80))
            request = httpx.Request(
                "POST",
                target.copy_with(host=address),
                headers={**headers, "host": target.netloc.decode()},
                content=body,
                extensions={"sni_hostname": target.host, "timeout": httpx.Timeout(TIMEOUT_S).as_dict()},
            )
            with httpx.Client(trust_env=False, follow_redirects=False) as client:
                answer = client.send(request, stream=True)
                answer.close()
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise NotTakenError("webhook-unreachable", f"{type(error).__name__}: {error}") from error
        if not answer.is_success:
            raise NotTakenError("webhook-refused", f"it answered {answer.status_code}, not 2xx")

    def _address(self, host: str, port: int) -> str:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise NotTakenError("webhook-unreachable", f"{host} has no address: {error}") from error
        addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
        if not self._private and not all(is_public(ipaddress.ip_address(address)) for address in addresses):
            detail = f"{host} leads to a private address; NAS_WEBHOOK_PRIVATE_ADDRESSES=true allows it"
            raise NotTakenError("webhook-address-refused", detail)
        return addresses[0]
