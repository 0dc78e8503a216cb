"""Commands that show what a spec may name."""

from typing import Annotated

import typer
from rich.text import Text

from nas_service.cli.connect import connect
from nas_service.cli.display.tables import (
    choice_table,
    device_table,
    recipe_table,
    size_text,
    space_list,
    target_table,
)
from nas_service.cli.options import JsonOption, TokenOption, UrlOption


def spaces(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Show this space's choices.")] = None,
    preset: Annotated[str | None, typer.Option("--preset", help="Under this preset.")] = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """List search spaces, or one space's choices and its exact size."""
    with connect(url, token) as client:
        if name is None:
            found = client.spaces()
            ctx.obj.show(found, space_list(found.items))
            return
        space = client.space(name, preset)
    others = f"presets: {', '.join(space.presets)}"
    ctx.obj.show(space, choice_table(space), Text(f"\n{size_text(space)}\n{others}"))


def devices(ctx: typer.Context, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False) -> None:
    """List the devices that workers have connected, on which latencies can be measured."""
    with connect(url, token) as client:
        found = client.devices()
    empty = Text("no device yet: a worker registers its own when it starts")
    ctx.obj.show(found, device_table(found.items) if found.items else empty)


def targets(ctx: typer.Context, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False) -> None:
    """List what a spec's targets may name, and why others are not available."""
    with connect(url, token) as client:
        found = client.targets()
    ctx.obj.show(found, target_table(found.items))


def recipes(ctx: typer.Context, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False) -> None:
    """List the steps that a spec's recipes may name: of training, and of compression."""
    with connect(url, token) as client:
        found = client.recipes()
    ctx.obj.show(found, recipe_table(found.items))
