"""Does what flows ask for in an event loop: `nas_service.client.transport`, without blocking."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from nas_service.client.busy import raise_if_refused
from nas_service.client.effects import Effect, Fetch, Flow, Send, SendFile, Sleep, T, Work
from nas_service.client.flows import Patience
from nas_service.client.transport import headers_of


class AsyncTransport:
    """Every request through it may be repeated without harm."""

    def __init__(self, url: str, timeout_s: float, retries: int, token: str | None = None) -> None:
        self.url = url.rstrip("/")
        self.patience = Patience(self.url, retries)
        self._http = httpx.AsyncClient(base_url=self.url, timeout=timeout_s, headers=headers_of(token))

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def run(self, flow: Flow[T]) -> T:
        """Do what the flow asks for until it returns; what it raises is raised, and cancelling ends it in order."""
        try:
            effect = next(flow)
            while True:
                try:
                    given = await self._do(effect)
                except Exception as error:
                    effect = flow.throw(error)
                else:
                    effect = flow.send(given)
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            flow.close()

    @asynccontextmanager
    async def stream(
        self, path: str, headers: dict[str, str], timeout_s: float | None = None
    ) -> AsyncIterator[httpx.Response]:
        """One GET whose body is read as it comes; not repeated. Raises ClientError, BusyError, httpx.TransportError."""
        timeout = self._http.timeout if timeout_s is None else httpx.Timeout(timeout_s)
        async with self._http.stream("GET", path, headers=headers, timeout=timeout) as response:
            if response.status_code >= 400:
                await response.aread()
                raise_if_refused(response)
            yield response

    async def _do(self, effect: Effect) -> Any:
        match effect:
            case Send():
                return self._checked(await self._http.request(effect.method, effect.path, **effect.options))
            case Fetch():
                return await self._fetch(effect)
            case SendFile():
                timeout = httpx.Timeout(self._http.timeout.connect, read=effect.timeout_s)
                sent: dict[str, Any] = {"params": effect.params, "headers": effect.headers(), "timeout": timeout}
                return self._checked(await self._http.post(effect.path, content=_later(effect.blocks()), **sent))
            case Sleep():
                return await asyncio.sleep(effect.seconds)
            case Work():
                return await asyncio.to_thread(effect.function)

    async def _fetch(self, effect: Fetch) -> str:
        async with self.stream(effect.path, effect.headers()) as response:
            with effect.to.open(effect.mode(response)) as file:
                async for chunk in response.aiter_bytes():
                    file.write(chunk)
            return effect.sha256(response)

    def _checked(self, response: httpx.Response) -> httpx.Response:
        raise_if_refused(response)
        return response


async def _later(blocks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Read from the disk in a thread, so that a slow one stops nothing else."""
    while (block := await asyncio.to_thread(next, blocks, None)) is not None:
        yield block
