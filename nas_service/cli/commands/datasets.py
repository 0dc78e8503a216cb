"""`nas datasets`: data sets of one's own on a service."""

from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress
from rich.text import Text

from nas_service.cli.connect import connect
from nas_service.cli.display.tables import dataset_table
from nas_service.cli.options import JsonOption, TokenOption, UrlOption
from nas_service.cli.output import Output
from nas_service.client import Client
from nas_service.wire.datasets import UploadInfo

app = typer.Typer(no_args_is_help=True, help="Upload, list and delete data sets.")

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="As shown by `nas datasets list`.")]


@app.command()
def upload(
    ctx: typer.Context,
    path: Annotated[
        Path, typer.Argument(metavar="PATH", exists=True, help="A folder of class folders, a zip of one, or an .npz.")
    ],
    name: Annotated[str | None, typer.Option("--name", help="What to call it; by default as the file.")] = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Upload a data set. The service looks at every image; the same content again gives the same id."""
    with connect(url, token) as client:
        made = _upload(client, path, name, ctx.obj)
    facts = made.facts
    ctx.obj.show(
        made,
        Text(f"{made.id}: {facts.image_count:,} images of {len(facts.classes)} classes, {_sizes(made)}"),
        Text(f"search on it with `dataset: {{name: {made.id}}}`"),
    )


def _upload(client: Client, path: Path, name: str | None, output: Output) -> UploadInfo:
    with Progress(console=output.console, transient=True, disable=not output.console.is_terminal) as progress:
        task = progress.add_task("uploading", total=None)

        def show(sent_bytes: int, total_bytes: int) -> None:
            doing = "uploading" if sent_bytes < total_bytes else "being checked"
            progress.update(task, completed=sent_bytes, total=total_bytes, description=doing)

        return client.upload_dataset(path, name, show)


def _sizes(made: UploadInfo) -> str:
    facts = made.facts
    smallest = f"{facts.min_width}x{facts.min_height}"
    if facts.has_one_size:
        return f"{smallest} pixels"
    return f"{smallest} to {facts.max_width}x{facts.max_height} pixels: set dataset.image_size"


@app.command("list")
def list_datasets(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most this many, the newest.")] = 50,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """List uploaded data sets, newest first."""
    with connect(url, token) as client:
        found = list(islice(client.datasets(), limit))
    empty = Text("no data set yet; upload one with `nas datasets upload PATH`")
    ctx.obj.show({"items": found}, dataset_table(found) if found else empty)


@app.command()
def delete(
    ctx: typer.Context,
    dataset: IdArgument,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete a data set that no unfinished search reads."""
    with connect(url, token) as client:
        client.delete_dataset(dataset)
    ctx.obj.show({"deleted": dataset}, Text(f"deleted {dataset}"))
