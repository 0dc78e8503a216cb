"""Figures and reports of a search, without a browser."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from nas_service.cli.connect import connect, find_search
from nas_service.cli.errors import CliError, ExitCode
from nas_service.cli.options import JsonOption, SearchArgument, TokenOption, UrlOption
from nas_service.extras import explained
from nas_service.plots.kinds import FileType, Kind

KindOption = Annotated[Kind, typer.Option("--kind", help="What to draw.")]


def plot(
    ctx: typer.Context,
    search: SearchArgument,
    kind: KindOption = Kind.FRONT,
    out: Annotated[
        Path | None, typer.Option("--out", help="A .png, .svg or .html file; by default KIND.png in this folder.")
    ] = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw a figure of a search into a file."""
    to = out or Path(f"{kind.value}.png")
    file_type = _file_type(to)
    with explained():
        from nas_service.plots.material import Material
        from nas_service.plots.save import save
        from nas_service.report.page import figure_page
    with connect(url, token) as client:
        material = Material(client, find_search(client, search))
        to.parent.mkdir(parents=True, exist_ok=True)
        if file_type is FileType.HTML:
            to.write_text(figure_page(material, kind), encoding="utf-8")
        else:
            save(material, kind, to)
    ctx.obj.show({"search_id": material.search.id, "kind": kind.value, "file": str(to)}, Text(f"drawn {to}"))


def report(
    ctx: typer.Context,
    search: SearchArgument,
    out: Annotated[Path, typer.Option("--out", help="The file to write.")] = Path("report.html"),
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a search as one page that can be mailed: front, networks, checksums, how it was measured, spec."""
    with explained():
        from nas_service.plots.material import Material
        from nas_service.report.page import report_page
    with connect(url, token) as client:
        material = Material(client, find_search(client, search))
        page = report_page(material)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page, encoding="utf-8")
    ctx.obj.show({"search_id": material.search.id, "file": str(out)}, Text(f"written {out}"))


def _file_type(to: Path) -> FileType:
    try:
        return FileType(to.suffix.removeprefix(".").lower())
    except ValueError:
        known = ", ".join(f".{known.value}" for known in FileType)
        raise CliError(f"--out {to} should end with one of {known}", ExitCode.USAGE) from None
