"""`nas keys`: API keys in the database of this server; elsewhere there is `/v1/keys`."""

from typing import Annotated

import typer
from rich.text import Text

from nas_service.cli.display.tables import key_table
from nas_service.cli.options import JsonOption
from nas_service.cli.server_process import ask
from nas_service.domain.identity import Scope
from nas_service.wire.keys import KeyInfo, NewKey

MODULE = "nas_service.keys"

app = typer.Typer(no_args_is_help=True, help="Make, list and revoke API keys, on the server itself.")

TenantOption = Annotated[str | None, typer.Option("--tenant", help="Whose key it is; by default `default`.")]
ScopeOption = Annotated[
    list[Scope] | None,
    typer.Option("--scope", help="What it may be used for, repeated for several; by default read and submit."),
]


@app.command()
def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the key is for.")],
    tenant: TenantOption = None,
    scope: ScopeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key and show its token, this once."""
    scopes = [f"--scope={each.value}" for each in scope or ()]
    made = NewKey.model_validate(ask(MODULE, "create", *_tenant(tenant), *scopes, "--", name))
    lines = [
        f"{made.key.id} of {made.key.tenant} may {', '.join(made.key.scopes)}; the token is not shown again:",
        f"\n  {made.token}\n",
        "give it to the client as NAS_TOKEN",
    ]
    ctx.obj.show(made, Text("\n".join(lines)))


@app.command(name="list")
def list_keys(
    ctx: typer.Context,
    tenant: Annotated[str | None, typer.Option("--tenant", help="Only this tenant's.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List keys, newest first, without their secrets."""
    found = [KeyInfo.model_validate(item) for item in ask(MODULE, "list", *_tenant(tenant))["items"]]
    ctx.obj.show({"items": found}, key_table(found) if found else Text("no keys; make one with `nas keys create NAME`"))


@app.command()
def revoke(
    ctx: typer.Context,
    key: Annotated[str, typer.Argument(metavar="ID", help="As `nas keys list` shows it.")],
    as_json: JsonOption = False,
) -> None:
    """End a key for good; within five seconds no process of the service takes it."""
    ended = KeyInfo.model_validate(ask(MODULE, "revoke", "--", key))
    ctx.obj.show(ended, Text(f"revoked {ended.id} ({ended.name})"))


def _tenant(tenant: str | None) -> list[str]:
    return [] if tenant is None else [f"--tenant={tenant}"]
