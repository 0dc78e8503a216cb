"""`nas run`: one search from a spec to bundles in a folder, with a service of its own where none runs."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer
from rich.text import Text

from nas_service.cli.connect import find_search
from nas_service.cli.display.final import final_table
from nas_service.cli.display.lineage import lineages
from nas_service.cli.errors import CliError, ExitCode
from nas_service.cli.home_service import HomeService
from nas_service.cli.interrupts import Interrupts
from nas_service.cli.options import (
    RESULTS,
    CandidatesOption,
    JsonOption,
    MinutesOption,
    OutOption,
    TokenOption,
    UrlOption,
    budget,
)
from nas_service.cli.results import Results, save_results
from nas_service.cli.running import Begin, Running
from nas_service.cli.spec.check import read_spec
from nas_service.cli.submission import submit_file
from nas_service.client import Client
from nas_service.domain.states import SearchStatus
from nas_service.settings import Settings
from nas_service.wire.searches import SearchDetail


def run(
    ctx: typer.Context,
    spec: Annotated[Path | None, typer.Argument(metavar="SPEC", help="A spec file, YAML or JSON.")] = None,
    out: OutOption = RESULTS,
    space_path: Annotated[
        Path | None, typer.Option("--space-path", exists=True, file_okay=False, help="Folder with spaces of your own.")
    ] = None,
    resume: Annotated[str | None, typer.Option("--resume", metavar="ID", help="Go on with a paused search.")] = None,
    candidates: CandidatesOption = None,
    minutes: MinutesOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run one search from start to bundles. Ctrl-C pauses it."""
    given = budget(candidates, minutes)
    if (spec is None) == (resume is None) or (resume and given):
        raise CliError("give a SPEC to start a search, or only --resume ID to go on with one", ExitCode.USAGE)
    begin = _submission(spec, given, space_path) if spec is not None else _resumption(str(resume))
    environment = {"NAS_SPACE_PATH": _joined(space_path)} if space_path is not None else {}
    with Interrupts() as interrupts, HomeService(Settings().home, environment) as service:
        _Run(Running(ctx.obj, interrupts, service, url, token), out).go(begin)


def _joined(space_path: Path) -> str:
    return os.pathsep.join(filter(None, [str(space_path.resolve()), os.environ.get("NAS_SPACE_PATH")]))


def _submission(path: Path, given: dict[str, float], space_path: Path | None) -> Begin:
    spec, document = read_spec(path, given)
    # One key for all attempts: a service that died after it took the search in still gives the same one.
    key = uuid4().hex

    def begin(client: Client) -> SearchDetail:
        if space_path is not None and spec.space.name not in {space.name for space in client.spaces().items}:
            raise CliError(
                f"the service that runs already was started without --space-path {space_path} and does not know"
                f" {spec.space.name!r}; end it, or start it with NAS_SPACE_PATH={space_path}",
                ExitCode.USAGE,
            )
        return submit_file(client, spec, document, key)

    return begin


def _resumption(given: str) -> Begin:
    def begin(client: Client) -> SearchDetail:
        search = client.get(find_search(client, given))
        return client.resume(search.id) if search.status is SearchStatus.PAUSED else search

    return begin


@dataclass
class _Run:
    running: Running
    out: Path

    def go(self, begin: Begin) -> None:
        """Begin, watch, and write the results. Raises CliError or Exit where the search does not succeed."""
        out = "" if self.out == RESULTS else f" --out {self.out}"
        search = self.running.to_success(begin, lambda search_id: f"nas run --resume {search_id}{out}")
        self._conclude(self.running.persist(lambda client: save_results(client, search.id, self.out)))

    def _conclude(self, results: Results) -> None:
        table = final_table(results)
        verify = f"nas verify {results.folder}/*/"
        self.running.output.show(
            results.to_json(),
            Text(f"\nthe front of {results.search.name}, best first by {results.search.spec.objectives[0].metric}\n"),
            table,
            lineages(results),
            Text("\nvalidation is what the search selected on; test was touched once, for this table"),
            Text(f"results    {results.folder}"),
            Text(f"check them {verify}"),
        )
