"""Searches and candidates as objects of the client that is awaited."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from nas_service.client.errors import SearchFailedError
from nas_service.client.facts import CandidateFacts, facts_of
from nas_service.client.front import Front
from nas_service.client.loading import load_bundle
from nas_service.client.progress import progress_bar
from nas_service.client.standing import SearchStanding
from nas_service.domain.states import CandidateStatus
from nas_service.wire.candidates import CandidateDetail, CandidateSummary
from nas_service.wire.searches import SearchEvent

if TYPE_CHECKING:
    from nas_service.client.async_client import AsyncClient


@dataclass(frozen=True, slots=True)
class AsyncCandidate(CandidateFacts):
    """As `Candidate`."""

    _client: "AsyncClient" = field(repr=False, compare=False)

    async def detail(self) -> CandidateDetail:
        """As `Candidate.detail`."""
        return await self._client.candidate(self.id)

    async def download(self, folder: Path | str | None = None) -> Path:
        """As `Candidate.download`."""
        return await self._client.download_bundle(self.id, Path(folder or self.id))

    async def load(self) -> Any:
        """As `Candidate.load`; the network is built in a thread."""
        with tempfile.TemporaryDirectory(prefix="nas-bundle-") as scratch:
            folder = await self.download(Path(scratch, "bundle"))
            return await asyncio.to_thread(load_bundle, folder)


class AsyncSearch(SearchStanding):
    """As `Search`."""

    _client: "AsyncClient"

    async def refresh(self) -> Self:
        """As `Search.refresh`."""
        self.info = await self._client.get(self.id)
        return self

    async def wait(self, *, progress: bool = True, poll_s: float = 1.0, timeout_s: float | None = None) -> Self:
        """As `Search.wait`."""
        with progress_bar(self.info, shown=progress) as update:
            self.info = await self._client.wait(self.id, update, poll_s=poll_s, timeout_s=timeout_s)
        if self.has_failed:
            raise SearchFailedError(self.info)
        return self

    async def pause(self) -> Self:
        """As `Search.pause`."""
        self.info = await self._client.pause(self.id)
        return self

    async def resume(self) -> Self:
        """As `Search.resume`."""
        self.info = await self._client.resume(self.id)
        return self

    async def cancel(self) -> Self:
        """As `Search.cancel`."""
        self.info = await self._client.cancel(self.id)
        return self

    async def delete(self) -> None:
        """As `Search.delete`."""
        await self._client.delete(self.id)

    def events(self, last_id: int = 0) -> AsyncIterator[SearchEvent]:
        """As `Search.events`."""
        return self._client.events(self.id, last_id)

    async def front(self, target: int | None = None) -> Front[AsyncCandidate]:
        """As `Search.front`."""
        found = await self._client.front(self.id, target)
        members = tuple(self._candidate(member.candidate) for member in found.members)
        return Front(self.id, found.axes, members, found.members, found.hypervolume_ratio)

    async def candidates(self, status: CandidateStatus | None = None) -> AsyncIterator[AsyncCandidate]:
        """As `Search.candidates`."""
        async for found in self._client.candidates(self.id, status):
            yield self._candidate(found)

    def _candidate(self, found: CandidateSummary) -> AsyncCandidate:
        return AsyncCandidate(**facts_of(found), _client=self._client)
