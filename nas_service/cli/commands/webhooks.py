"""`nas webhooks`: who is told when searches change their status."""

from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from nas_service.cli.connect import connect
from nas_service.cli.options import JsonOption, TokenOption, UrlOption

app = typer.Typer(no_args_is_help=True, help="Add, list and delete webhooks.")


@app.command()
def add(
    ctx: typer.Context,
    receiver: Annotated[str, typer.Argument(metavar="RECEIVER", help="Its URL, such as https://example.org/hook.")],
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have each change of a search's status posted to a URL, and show the secret that signs, this once."""
    with connect(url, token) as client:
        made = client.add_webhook(receiver)
    lines = [f"{made.webhook.id}: the secret is not shown again:", f"\n  {made.secret}\n"]
    ctx.obj.show(made, Text("\n".join([*lines, "the receiver checks messages with it: docs/guides/webhooks.md"])))


@app.command("list")
def list_webhooks(
    ctx: typer.Context, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False
) -> None:
    """List webhooks, and how the last message fared."""
    with connect(url, token) as client:
        found = client.webhooks()
    table = Table("id", "receiver", "last delivered", "last failure")
    for hook in found.items:
        delivered = "" if hook.delivered_at is None else f"{hook.delivered_at:%Y-%m-%d %H:%M:%S} UTC"
        table.add_row(hook.id, Text(hook.url), delivered, Text(hook.failure or ""))
    ctx.obj.show(found, table if found.items else Text("no webhooks; make one with `nas webhooks add URL`"))


@app.command()
def delete(
    ctx: typer.Context,
    webhook: Annotated[str, typer.Argument(metavar="ID", help="As shown by `nas webhooks list`.")],
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Forget a webhook and what waits for it."""
    with connect(url, token) as client:
        client.delete_webhook(webhook)
    ctx.obj.show({"deleted": webhook}, Text(f"deleted {webhook}"))
