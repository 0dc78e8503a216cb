"""Searches as files, to keep or to take to another service."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress
from rich.text import Text

from nas_service.cli.connect import connect, find_search
from nas_service.cli.options import JsonOption, SearchArgument, TokenOption, UrlOption
from nas_service.cli.output import Output


def export_search(
    ctx: typer.Context,
    search: SearchArgument,
    out: Annotated[
        Path | None, typer.Option("--out", help="The file to write; by default the search's id with .zip, here.")
    ] = None,
    artifacts: Annotated[
        bool, typer.Option("--artifacts/--no-artifacts", help="With the finished networks, or their numbers alone.")
    ] = True,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a search that is over into one file, which `nas import` takes in elsewhere."""
    with connect(url, token) as client:
        search_id = find_search(client, search)
        to = client.export_search(search_id, out or Path(f"{search_id}.zip"), artifacts=artifacts)
    shown = {"search_id": search_id, "file": str(to), "size_bytes": to.stat().st_size}
    ctx.obj.show(shown, Text(f"written {to}; another service takes it in by `nas import {to}`"))


def import_search(
    ctx: typer.Context,
    path: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="As `nas export` wrote it.")
    ],
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take in a search from a file: to be looked at and downloaded from; no other search reuses any of it."""
    output: Output = ctx.obj
    shown = Progress(console=output.console, transient=True, disable=not output.console.is_terminal)
    with connect(url, token) as client, shown as progress:
        task = progress.add_task("importing", total=None)

        def show(sent_bytes: int, total_bytes: int) -> None:
            progress.update(task, completed=sent_bytes, total=total_bytes)

        search = client.import_search(path, show)
    output.show(search, Text(f"imported {search.id} {search.name}; see its front with `nas front {search.id}`"))
