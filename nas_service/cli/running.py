"""One search from start to end for a command that waits for it, with a service of its own where none runs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import typer
from rich.text import Text

from nas_service.cli.errors import CliError, ExitCode
from nas_service.cli.home_service import HomeService
from nas_service.cli.interrupts import Interrupts
from nas_service.cli.output import Output
from nas_service.cli.pausing import pause_and_wait
from nas_service.cli.watch import watch
from nas_service.client import Client, UnreachableError
from nas_service.domain.states import SearchStatus
from nas_service.wire.searches import SearchDetail

MAX_RESTARTS = 3
"""Times a service that died under the search is started again; the search goes on where it was."""

T = TypeVar("T")
Begin = Callable[[Client], SearchDetail]


@dataclass
class Running:
    """`url` is the service to talk to; None: the one of this home, which is started if need be."""

    output: Output
    interrupts: Interrupts
    service: HomeService
    url: str | None
    token: str | None

    def to_success(self, begin: Begin, resuming: Callable[[str], str]) -> SearchDetail:
        """Begin and watch until it has succeeded. Ctrl-C pauses it, and `resuming` gives the command to go on with.

        Raises CliError or Exit where the search does not succeed.
        """
        search = self.persist(begin)
        search = self.persist(lambda client: watch(client, search.id, self.output, self.interrupts))
        if not search.is_over and self.interrupts.requested:
            self.output.note("pausing; Ctrl-C again leaves at once")
            search = self.persist(lambda client: pause_and_wait(client, search.id))
        if search.status is SearchStatus.PAUSED:
            self._say_how_to_resume(search, resuming(search.id))
            raise typer.Exit(ExitCode.INTERRUPTED if self.interrupts.requested else ExitCode.FAILED)
        if search.status is not SearchStatus.SUCCEEDED:
            reason = search.failure.detail if search.failure else "no reason was given"
            raise CliError(f"{search.id} {search.status.value.lower()}: {reason}")
        return search

    def persist(self, act: Callable[[Client], T]) -> T:
        """Do something with a service, which is started again where it died meanwhile."""
        restarts_left = 0 if self.url else MAX_RESTARTS
        while True:
            with Client(self.url or self.service.ensure(), token=self.token) as client:
                try:
                    return act(client)
                except UnreachableError:
                    if not restarts_left:
                        raise
            restarts_left -= 1
            self.output.note("the service went away; starting it again")

    def _say_how_to_resume(self, search: SearchDetail, command: str) -> None:
        lines = [Text(f"paused {search.id} with everything kept; go on with:"), Text(f"  {command}")]
        if not self.service.is_ours:
            lines.append(Text(f"  nas resume {search.id}      (in the service, without waiting for it)"))
        self.output.show({"search": search.model_dump(mode="json"), "resume": command}, *lines)
