"""Searches and candidates as objects of the client that waits."""

import tempfile
from collections.abc import Iterator
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
    from nas_service.client.client import Client


@dataclass(frozen=True, slots=True)
class Candidate(CandidateFacts):
    """A candidate with its files."""

    _client: "Client" = field(repr=False, compare=False)

    def detail(self) -> CandidateDetail:
        """With its evidence and files, as of now."""
        return self._client.candidate(self.id)

    def download(self, folder: Path | str | None = None) -> Path:
        """Unpack its bundle, verified, into `folder`, by default one of its id here. Returns the folder."""
        return self._client.download_bundle(self.id, Path(folder or self.id))

    def load(self) -> Any:
        """The network as a torch module in eval mode: raw pixels in [0, 1], (N, C, H, W), to logits (N, classes).

        Raises MissingExtraError without torch.
        """
        with tempfile.TemporaryDirectory(prefix="nas-bundle-") as scratch:
            return load_bundle(self.download(Path(scratch, "bundle")))


class Search(SearchStanding):
    """A search. Its properties say how it was when it was last asked for: `refresh` and `wait` ask."""

    _client: "Client"

    def refresh(self) -> Self:
        """Ask how it is now."""
        self.info = self._client.get(self.id)
        return self

    def wait(self, *, progress: bool = True, poll_s: float = 1.0, timeout_s: float | None = None) -> Self:
        """Return when it is over, with a progress bar in the meantime, in a terminal or a notebook.

        Raises SearchFailedError where it failed or was cancelled, TimeoutError after `timeout_s`.
        """
        with progress_bar(self.info, shown=progress) as update:
            self.info = self._client.wait(self.id, update, poll_s=poll_s, timeout_s=timeout_s)
        if self.has_failed:
            raise SearchFailedError(self.info)
        return self

    def pause(self) -> Self:
        """Stop working on it and keep everything."""
        self.info = self._client.pause(self.id)
        return self

    def resume(self) -> Self:
        """Go on with it."""
        self.info = self._client.resume(self.id)
        return self

    def cancel(self) -> Self:
        """End it without a front."""
        self.info = self._client.cancel(self.id)
        return self

    def delete(self) -> None:
        """Forget it, once it is over."""
        self._client.delete(self.id)

    def events(self, last_id: int = 0) -> Iterator[SearchEvent]:
        """What happens to it, until it is over."""
        return self._client.events(self.id, last_id)

    def front(self, target: int | None = None) -> Front[Candidate]:
        """The non-dominated feasible candidates as of now; with `target` those on this target alone."""
        found = self._client.front(self.id, target)
        members = tuple(self._candidate(member.candidate) for member in found.members)
        return Front(self.id, found.axes, members, found.members, found.hypervolume_ratio)

    def candidates(self, status: CandidateStatus | None = None) -> Iterator[Candidate]:
        """Candidates by number."""
        return map(self._candidate, self._client.candidates(self.id, status))

    def _candidate(self, found: CandidateSummary) -> Candidate:
        return Candidate(**facts_of(found), _client=self._client)
