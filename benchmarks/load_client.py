"""One process of callers, told by its arguments: `load_client.py URL CASE SECONDS RATE STREAMS SEARCHES`; prints JSON.

With a rate it is an open loop: each request has its time, and its latency counts from then on, so that a server that
stalls pays for all that it kept waiting. With rate 0 it is a closed loop of a few callers who ask as fast as they can.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from load_data import search_id

WARM_UP_S = 1.0
"""Not counted: connections are made, and statements prepared."""
CALLERS = 8
"""Of a closed loop."""
LARGE = search_id(0)


@dataclass
class Caller:
    """Sends the requests of one case and notes how long each took."""

    session: aiohttp.ClientSession
    case: str
    searches: int
    latencies_ms: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    size_bytes: int = 0
    _etags: dict[str, str] = field(default_factory=dict)

    async def call(self, number: int, since_s: float) -> None:
        path, headers = self._request(number)
        async with self.session.get(path, headers=headers) as answer:
            body = await answer.read()
        self.latencies_ms.append(1e3 * (time.perf_counter() - since_s))
        self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
        self.size_bytes += len(body)
        if "ETag" in answer.headers:
            self._etags[path] = answer.headers["ETag"]

    def _request(self, number: int) -> tuple[str, dict[str, str]]:
        """`poll` asks for a search in turn: the first time in full, from then on whether it has changed."""
        asked = search_id(number % self.searches)
        match self.case:
            case "poll":
                path = f"/v1/searches/{asked}"
                return path, {"If-None-Match": self._etags[path]} if path in self._etags else {}
            case "status":
                return f"/v1/searches/{asked}", {}
            case "front":
                return f"/v1/searches/{LARGE}/front", {}
            case "front as CSV":
                return f"/v1/searches/{LARGE}/front?format=csv", {}
            case _:
                return "/v1/searches?limit=50", {}


async def open_loop(caller: Caller, seconds: float, rate: float) -> None:
    start_s, count = time.perf_counter(), int(seconds * rate)
    async with asyncio.TaskGroup() as tasks:
        for number in range(count):
            due_s = start_s + number / rate
            await asyncio.sleep(max(0.0, due_s - time.perf_counter()))
            tasks.create_task(caller.call(number, due_s))


async def closed_loop(caller: Caller, seconds: float) -> None:
    end_s = time.perf_counter() + seconds

    async def go_on(first: int) -> None:
        number = first
        while time.perf_counter() < end_s:
            await caller.call(number, time.perf_counter())
            number += CALLERS

    await asyncio.gather(*(go_on(first) for first in range(CALLERS)))


async def listen(session: aiohttp.ClientSession, number: int, connected: asyncio.Semaphore) -> None:
    async with session.get(f"/v1/searches/{search_id(number)}/events") as answer:
        answer.raise_for_status()
        async for _line in answer.content:
            connected.release()


async def measure(url: str, case: str, seconds: float, rate: float, streams: int, searches: int) -> dict[str, Any]:
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=30)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(url, timeout=timeout, connector=connector, raise_for_status=True) as session:
        connected = asyncio.Semaphore(0)
        listeners = [asyncio.create_task(listen(session, number % searches, connected)) for number in range(streams)]
        for _ in listeners:
            await connected.acquire()
        await closed_loop(Caller(session, case, searches), WARM_UP_S)
        caller = Caller(session, case, searches)
        started_s = time.perf_counter()
        await (open_loop(caller, seconds, rate) if rate else closed_loop(caller, seconds))
        took_s = time.perf_counter() - started_s
        for listener in listeners:
            if listener.done():
                await listener
            listener.cancel()
        await asyncio.gather(*listeners, return_exceptions=True)
    return {
        "requests_per_s": len(caller.latencies_ms) / took_s,
        "latencies_ms": [round(ms, 3) for ms in caller.latencies_ms],
        "statuses": caller.statuses,
        "mean_bytes": caller.size_bytes / len(caller.latencies_ms),
    }


def main() -> None:
    url, case, seconds, rate, streams, searches = sys.argv[1:]
    found = asyncio.run(measure(url, case, float(seconds), float(rate), int(streams), int(searches)))
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
