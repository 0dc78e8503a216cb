"""Commands that act on searches of a running service."""

from itertools import islice
from typing import Annotated

import typer
from rich.text import Text

from nas_service.cli.connect import connect, find_search
from nas_service.cli.display.final import final_table
from nas_service.cli.display.front import doubts_notes, doubts_table, front_plot
from nas_service.cli.display.lineage import lineages
from nas_service.cli.display.progress import progress_panel
from nas_service.cli.display.tables import search_table
from nas_service.cli.errors import CliError, ExitCode
from nas_service.cli.interrupts import Interrupts
from nas_service.cli.options import (
    RESULTS,
    CandidatesOption,
    JsonOption,
    MinutesOption,
    OutOption,
    SearchArgument,
    SpecArgument,
    TokenOption,
    UrlOption,
    budget,
)
from nas_service.cli.output import Output
from nas_service.cli.pausing import pause_and_wait
from nas_service.cli.results import save_results
from nas_service.cli.spec.check import read_spec
from nas_service.cli.submission import submit_file
from nas_service.cli.watch import Watcher, watch
from nas_service.domain.states import CandidateStatus, SearchStatus
from nas_service.wire.searches import SearchDetail

PLOT_SIZE = (72, 16)


def submit(
    ctx: typer.Context,
    spec: SpecArgument,
    candidates: CandidatesOption = None,
    minutes: MinutesOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Submit a search and return at once."""
    read, document = read_spec(spec, budget(candidates, minutes))
    with connect(url, token) as client:
        search = submit_file(client, read, document)
    ctx.obj.show(search, Text(f"submitted {search.id} {search.name}; follow it with `nas watch {search.id}`"))


def list_searches(
    ctx: typer.Context,
    status: Annotated[
        SearchStatus | None, typer.Option("--status", case_sensitive=False, help="Only searches in this status.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most this many, the newest.")] = 50,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """List searches, newest first."""
    with connect(url, token) as client:
        searches = list(islice(client.list(status), limit))
    ctx.obj.show({"items": searches}, search_table(searches) if searches else Text("no searches"))


def status(
    ctx: typer.Context,
    search: SearchArgument,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how a search is doing."""
    with connect(url, token) as client:
        snapshot = Watcher(client, find_search(client, search)).look()
    output: Output = ctx.obj
    output.show(snapshot.search, progress_panel(snapshot, output.console.width), *_reason(snapshot.search))


def watch_search(
    ctx: typer.Context,
    search: SearchArgument,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Follow a search until it is over or paused. Ctrl-C ends the watching, not the search."""
    with Interrupts() as interrupts, connect(url, token) as client:
        seen = watch(client, find_search(client, search), ctx.obj, interrupts)
    ctx.obj.show(seen, *_reason(seen))
    if interrupts.requested and not seen.is_over:
        raise typer.Exit(ExitCode.INTERRUPTED)
    if seen.status in (SearchStatus.FAILED, SearchStatus.CANCELLED):
        raise typer.Exit(ExitCode.FAILED)


def _reason(search: SearchDetail) -> list[Text]:
    return [Text(search.failure.detail)] if search.failure else []


def front(
    ctx: typer.Context,
    search: SearchArgument,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the front as CSV.")] = False,
    target: Annotated[
        int | None, typer.Option("--target", min=0, help="The front on this target alone, counted from 0.")
    ] = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the front of a search as it is now, and how sure it is."""
    if as_csv and as_json:
        raise CliError("choose one of --csv and --json", ExitCode.USAGE)
    with connect(url, token) as client:
        search_id = find_search(client, search)
        if as_csv:
            typer.echo(client.front_csv(search_id, target), nl=False)
            return
        found = client.front(search_id, target)
        completed = list(client.candidates(search_id, CandidateStatus.COMPLETED))
    if not found.members:
        ctx.obj.show(found, Text("the front is empty: no candidate is complete and feasible yet"))
        return
    members = {member.candidate.id for member in found.members}
    plot = front_plot(found, [c for c in completed if c.id not in members], *PLOT_SIZE)
    ctx.obj.show(found, doubts_table(found), *map(Text, doubts_notes(found)), *([plot] if plot else []))


def download(
    ctx: typer.Context,
    search: SearchArgument,
    out: OutOption = RESULTS,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Download the bundles of a finished search."""
    with connect(url, token) as client:
        results = save_results(client, find_search(client, search), out)
    if not results.members:
        now = results.search.status.value.lower()
        raise CliError(f"{results.search.id} has no finished networks; it is {now} (`nas status {results.search.id}`)")
    ctx.obj.show(results.to_json(), final_table(results), lineages(results), Text(f"results {results.folder}"))


def pause(
    ctx: typer.Context,
    search: SearchArgument,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Pause a search; returns once its workers have let go."""
    with connect(url, token) as client:
        paused = pause_and_wait(client, find_search(client, search))
    if paused.status is not SearchStatus.PAUSED:
        raise CliError(f"{paused.id} cannot be paused: it is {paused.status.value.lower()}", ExitCode.USAGE)
    ctx.obj.show(paused, Text(f"paused {paused.id}; go on with `nas resume {paused.id}`"))


def resume(
    ctx: typer.Context,
    search: SearchArgument,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Go on with a paused search."""
    with connect(url, token) as client:
        resumed = client.resume(find_search(client, search))
    ctx.obj.show(resumed, Text(f"resumed {resumed.id}; follow it with `nas watch {resumed.id}`"))


def cancel(
    ctx: typer.Context,
    search: SearchArgument,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a search for good; what it found stays readable."""
    with connect(url, token) as client:
        cancelled = client.cancel(find_search(client, search))
    ctx.obj.show(cancelled, Text(f"cancelling {cancelled.id}"))
