"""The client that is awaited, against the same server, in good times and bad."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from nas_service.bootstrap import Service
from nas_service.client import AsyncClient, Client, ClientError, UnreachableError
from nas_service.domain.states import CandidateStatus, SearchStatus
from tests.integration.nas_service.client.conftest import SPEC, Troubled, run_to_end
from tests.support.archives import class_folders, write_zip
from tests.support.exchanged import ended

T = TypeVar("T")
Run = Callable[[Callable[[AsyncClient], Awaitable[T]]], T]


@pytest.fixture
def run(client: Client) -> Run[T]:
    """Runs a coroutine function with a client of the troubled server, in an event loop of its own."""

    def within(use: Callable[[AsyncClient], Awaitable[T]]) -> T:
        async def main() -> T:
            async with AsyncClient(client._transport.url, retries=4) as own:
                return await use(own)

        return asyncio.run(main())

    return within


def test_a_search_is_submitted_followed_and_read_in_one_loop(run: Run[None], service: Service) -> None:
    async def use(client: AsyncClient) -> None:
        search = await client.submit(SPEC)
        working = asyncio.to_thread(run_to_end, service, search.id)
        _, waited = await asyncio.gather(working, search.wait(progress=False, poll_s=0.01, timeout_s=60))
        assert waited.status is SearchStatus.SUCCEEDED
        front = await search.front()
        assert len(front) == search.info.front_size >= 1
        assert [c.number async for c in search.candidates(CandidateStatus.COMPLETED)] == [0, 1, 2, 3]
        assert (await front[0].detail()).evaluation is not None
        kinds = [event.kind async for event in search.events()]
        assert (kinds[0], kinds[-1]) == ("search.submitted", "search.status")

    run(use)


def test_many_questions_are_asked_at_once(run: Run[None]) -> None:
    async def use(client: AsyncClient) -> None:
        searches = await asyncio.gather(*(client.submit(SPEC) for _ in range(5)))
        assert {found.id async for found in client.list()} == {search.id for search in searches}

    run(use)


def test_a_busy_service_is_asked_again_and_a_lost_answer_doubles_nothing(run: Run[None], server: Troubled) -> None:
    async def use(client: AsyncClient) -> None:
        server.busy, server.lost_answers = 2, 1
        search = await client.submit(SPEC)
        assert [found.id async for found in client.list()] == [search.id]
        server.busy = 100
        with pytest.raises(ClientError) as given_up:
            await client.spaces()
        assert given_up.value.problem.status == 503

    run(use)


def test_events_come_once_each_although_the_connection_breaks(
    run: Run[None], server: Troubled, service: Service, client: Client
) -> None:
    search_id = client.submit(SPEC).id
    run_to_end(service, search_id)
    expected = [event.id for event in client.events(search_id)]

    async def use(own: AsyncClient) -> None:
        server.break_after_bytes = 700
        assert [event.id async for event in own.events(search_id)] == expected

    run(use)


def test_a_broken_download_is_continued_and_unpacked(
    run: Run[None], server: Troubled, candidate_id: str, tmp_path: Path
) -> None:
    async def use(client: AsyncClient) -> None:
        server.break_after_bytes = 200_000
        folder = await client.download_bundle(candidate_id, tmp_path / "new" / "bundle")
        assert sorted(path.name for path in folder.iterdir()) == ["architecture.json", "weights.safetensors"]
        assert sorted(path.name for path in folder.parent.iterdir()) == ["bundle"]

    run(use)


def test_an_upload_is_sent_as_it_is_read(run: Run[None], server: Troubled, tmp_path: Path) -> None:
    path = write_zip(tmp_path / "pets.zip", class_folders({"cat": 3, "dog": 3}))

    async def use(client: AsyncClient) -> None:
        server.lost_answers = 1
        told: list[tuple[int, int]] = []
        made = await client.upload_dataset(path, on_progress=lambda sent, total: told.append((sent, total)))
        size_bytes = path.stat().st_size
        assert (made.name, told[-1]) == ("pets", (size_bytes, size_bytes))
        assert [found.id async for found in client.datasets()] == [made.id]

    run(use)


def test_an_absent_service_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    async def ask() -> None:
        async with AsyncClient(f"http://127.0.0.1:{port}", retries=1) as client:
            with pytest.raises(UnreachableError, match=f"127.0.0.1:{port}"):
                await client.spaces()
            with pytest.raises(UnreachableError):
                await client.readiness()

    asyncio.run(ask())


def test_a_cancelled_wait_ends_at_once_and_leaves_the_search_alone(run: Run[None]) -> None:
    async def use(client: AsyncClient) -> None:
        search = await client.submit(SPEC)
        waiting = asyncio.create_task(search.wait(progress=False))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert (await search.refresh()).status is SearchStatus.QUEUED

    run(use)


def test_a_search_leaves_by_a_file_and_comes_in_once_even_if_the_answer_is_lost(
    run: Run[None], service: Service, server: Troubled, tmp_path: Path
) -> None:
    search_id = ended(service.store, service.artifacts, tmp_path, "default").id

    async def use(client: AsyncClient) -> None:
        server.break_after_bytes = 1000
        file = await client.export_search(search_id, tmp_path / "out" / "search.zip")
        server.lost_answers = 1
        imported = await client.import_search(file)
        assert imported.imported
        assert {search.id async for search in client.list()} == {search_id, imported.id}

    run(use)
