"""`nas quotas`: what tenants may have, in the database of this server; elsewhere there is `/v1/quotas`."""

from typing import Annotated

import typer
from rich.text import Text

from nas_service.cli.options import JsonOption
from nas_service.cli.server_process import ask
from nas_service.wire.quotas import AccountInfo, QuotaLimits, QuotaList

MODULE = "nas_service.quotas"

app = typer.Typer(no_args_is_help=True, help="Show and set what tenants may have, on the server itself.")


@app.command()
def show(
    ctx: typer.Context,
    tenant: Annotated[str | None, typer.Option("--tenant", help="This tenant's, with what is taken.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the quotas of one tenant, or of all that have quotas of their own."""
    if tenant is not None:
        _show_account(ctx, AccountInfo.model_validate(ask(MODULE, "show", f"--tenant={tenant}")))
        return
    found = QuotaList.model_validate(ask(MODULE, "show"))
    lines = [f"{item.tenant}: {_limits(item.quotas)}" for item in found.items]
    ctx.obj.show(found, Text("\n".join([*lines, f"all others: {_limits(found.defaults)}"])))


@app.command(name="set")
def set_quotas(
    ctx: typer.Context,
    tenant: Annotated[str, typer.Argument(metavar="TENANT", help="Whose quotas; what is left out is the default.")],
    live_searches: Annotated[int | None, typer.Option(help="Searches that are not over.")] = None,
    search_candidates: Annotated[int | None, typer.Option(help="Candidates of one search.")] = None,
    live_candidates: Annotated[int | None, typer.Option(help="Candidates of all searches that are not over.")] = None,
    monthly_minutes: Annotated[float | None, typer.Option(help="Minutes of search a calendar month.")] = None,
    upload_bytes: Annotated[int | None, typer.Option(help="Bytes of all uploaded data sets.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Set all quotas of a tenant; what is left out is as NAS_QUOTA_... says."""
    given = {
        "live-searches": live_searches,
        "search-candidates": search_candidates,
        "live-candidates": live_candidates,
        "monthly-minutes": monthly_minutes,
        "upload-bytes": upload_bytes,
    }
    options = [f"--{name}={limit}" for name, limit in given.items() if limit is not None]
    _show_account(ctx, AccountInfo.model_validate(ask(MODULE, "set", *options, "--", tenant)))


def _show_account(ctx: typer.Context, account: AccountInfo) -> None:
    taken = ", ".join(f"{name} {value:g}" for name, value in account.usage)
    ctx.obj.show(account, Text(f"{account.tenant}: {_limits(account.quotas)}\ntaken: {taken}"))


def _limits(quotas: QuotaLimits) -> str:
    return ", ".join(f"{name} {limit:g}" for name, limit in quotas if limit is not None) or "no limits"
