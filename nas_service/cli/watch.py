"""Looks at a search again and again and shows what it sees, until the search rests."""

import time
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Any

from rich.live import Live

from nas_service.cli.display.changes import changes
from nas_service.cli.display.progress import progress_panel
from nas_service.cli.display.snapshot import Snapshot
from nas_service.cli.interrupts import Interrupts
from nas_service.cli.output import Output
from nas_service.client import Client
from nas_service.domain.states import SearchStatus
from nas_service.wire.candidates import CandidateSummary, FrontInfo
from nas_service.wire.searches import SearchDetail

POLL_S = 0.5
LISTING_SHARE = 0.1
"""Listing all candidates of a long search takes a while: at most this share of the time goes into it."""


class Watcher:
    """Sees one search as snapshots. Candidates and front are fetched again when their number has changed."""

    def __init__(self, client: Client, search_id: str) -> None:
        self._client = client
        self._search_id = search_id
        self._candidates: dict[str, CandidateSummary] = {}
        self._front: FrontInfo | None = None
        self._seen: Any = None
        self._next_listing_s = 0.0

    def look(self) -> Snapshot:
        """The search now. Raises ClientError."""
        search = self._client.get(self._search_id)
        if search.candidates != self._seen and (search.is_over or time.monotonic() >= self._next_listing_s):
            self._list(search)
        return Snapshot(search, self._candidates, self._front, datetime.now(UTC))

    def _list(self, search: SearchDetail) -> None:
        began_s = time.monotonic()
        self._candidates = {c.id: c for c in self._client.candidates(self._search_id)}
        self._front = self._client.front(self._search_id)
        self._seen = search.candidates
        ended_s = time.monotonic()
        self._next_listing_s = ended_s + (ended_s - began_s) / LISTING_SHARE


class Screen:
    """Shows snapshots: as one picture in a terminal, as lines elsewhere."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._last: Snapshot | None = None
        self._live = Live(console=output.console, auto_refresh=False) if self._is_picture else None

    @property
    def _is_picture(self) -> bool:
        return self._output.console.is_terminal and not self._output.as_json

    def __enter__(self) -> "Screen":
        self._context.__enter__()
        return self

    def __exit__(self, *reason: Any) -> None:
        self._context.__exit__(*reason)

    @property
    def _context(self) -> AbstractContextManager[Any]:
        return self._live or nullcontext()

    def show(self, snapshot: Snapshot) -> None:
        """Bring what is shown up to date."""
        if self._live is not None:
            self._live.update(progress_panel(snapshot, self._output.console.width), refresh=True)
            return
        for line in changes(self._last, snapshot):
            self._output.note(line)
        self._last = snapshot


def watch(client: Client, search_id: str, output: Output, interrupts: Interrupts) -> SearchDetail:
    """Show the search until it is over or paused, or somebody asks to stop; returns it as last seen."""
    watcher = Watcher(client, search_id)
    with Screen(output) as screen:
        while True:
            snapshot = watcher.look()
            screen.show(snapshot)
            search = snapshot.search
            if search.is_over or search.status is SearchStatus.PAUSED or interrupts.requested:
                return search
            interrupts.sleep(POLL_S)
