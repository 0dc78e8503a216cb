"""Does what flows ask for, over one pool of connections to one service, while its caller waits."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import httpx

from nas_service.client.busy import raise_if_refused
from nas_service.client.effects import Effect, Fetch, Flow, Send, SendFile, Sleep, T, Work
from nas_service.client.flows import Patience, persist

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


def headers_of(token: str | None, more: Mapping[str, str] = NO_HEADERS) -> dict[str, str]:
    """What every request carries."""
    key = {"Authorization": f"Bearer {token}"} if token else {}
    return {"User-Agent": "nas-client", **key, **more}


class Transport:
    """Every request through it may be repeated without harm."""

    def __init__(
        self,
        url: str,
        timeout_s: float,
        retries: int,
        token: str | None = None,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> None:
        self.url = url.rstrip("/")
        self.patience = Patience(self.url, retries)
        self._http = httpx.Client(base_url=self.url, timeout=timeout_s, headers=headers_of(token, headers))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer, with status below 400. Raises ClientError, UnreachableError when the retries are used up."""
        response: httpx.Response = self.run(persist(Send(method, path, options), self.patience))
        return response

    def run(self, flow: Flow[T]) -> T:
        """Do what the flow asks for until it returns; what it raises is raised."""
        try:
            effect = next(flow)
            while True:
                try:
                    given = self._do(effect)
                except Exception as error:
                    effect = flow.throw(error)
                else:
                    effect = flow.send(given)
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            flow.close()

    @contextmanager
    def stream(self, path: str, headers: dict[str, str], timeout_s: float | None = None) -> Iterator[httpx.Response]:
        """One GET whose body is read as it comes; not repeated. Raises ClientError, BusyError, httpx.TransportError."""
        timeout = self._http.timeout if timeout_s is None else httpx.Timeout(timeout_s)
        with self._http.stream("GET", path, headers=headers, timeout=timeout) as response:
            if response.status_code >= 400:
                response.read()
                raise_if_refused(response)
            yield response

    def _do(self, effect: Effect) -> Any:
        match effect:
            case Send():
                return self._checked(self._http.request(effect.method, effect.path, **effect.options))
            case Fetch():
                return self._fetch(effect)
            case SendFile():
                timeout = httpx.Timeout(self._http.timeout.connect, read=effect.timeout_s)
                sent: dict[str, Any] = {"params": effect.params, "headers": effect.headers(), "timeout": timeout}
                return self._checked(self._http.post(effect.path, content=effect.blocks(), **sent))
            case Sleep():
                return time.sleep(effect.seconds)
            case Work():
                return effect.function()

    def _fetch(self, effect: Fetch) -> str:
        with self.stream(effect.path, effect.headers()) as response:
            with effect.to.open(effect.mode(response)) as file:
                for chunk in response.iter_bytes():
                    file.write(chunk)
            return effect.sha256(response)

    def _checked(self, response: httpx.Response) -> httpx.Response:
        raise_if_refused(response)
        return response
