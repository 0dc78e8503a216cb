"""The command `nas`."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated

import typer

from nas_service.cli.commands import (
    catalog,
    checks,
    datasets,
    exchange,
    figures,
    keys,
    predictors,
    processes,
    quotas,
    searches,
    webhooks,
)
from nas_service.cli.commands.compress import compress
from nas_service.cli.commands.gc import gc
from nas_service.cli.commands.mlflow import log_to_mlflow
from nas_service.cli.commands.run import run
from nas_service.cli.group import ExplainingGroup

SEARCHING, SERVICE, LOOKING = "Searching", "The service", "Looking around"

app = typer.Typer(
    cls=ExplainingGroup,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
    help="Find small, fast networks for your data on your hardware.",
    epilog="Start with: nas run examples/digits.yaml",
)

COMMANDS: dict[str, dict[str, Callable[..., None]]] = {
    SEARCHING: {
        "run": run,
        "submit": searches.submit,
        "list": searches.list_searches,
        "status": searches.status,
        "watch": searches.watch_search,
        "front": searches.front,
        "download": searches.download,
        "plot": figures.plot,
        "report": figures.report,
        "export": exchange.export_search,
        "import": exchange.import_search,
        "log-to-mlflow": log_to_mlflow,
        "pause": searches.pause,
        "resume": searches.resume,
        "cancel": searches.cancel,
    },
    LOOKING: {
        "spaces": catalog.spaces,
        "devices": catalog.devices,
        "targets": catalog.targets,
        "recipes": catalog.recipes,
        "profile": predictors.profile,
        "compress": compress,
        "verify": checks.verify,
        "doctor": checks.doctor,
    },
    SERVICE: {
        "up": processes.up,
        "serve": processes.serve,
        "control": processes.control,
        "worker": processes.worker,
        "agent": processes.agent,
        "migrate": processes.migrate,
        "gc": gc,
    },
}

for panel, commands in COMMANDS.items():
    for name, command in commands.items():
        app.command(name, rich_help_panel=panel)(command)
app.add_typer(datasets.app, name="datasets", rich_help_panel=LOOKING)
app.add_typer(predictors.app, name="predictors", rich_help_panel=LOOKING)
app.add_typer(keys.app, name="keys", rich_help_panel=SERVICE)
app.add_typer(quotas.app, name="quotas", rich_help_panel=SERVICE)
app.add_typer(webhooks.app, name="webhooks", rich_help_panel=SERVICE)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"nas {version('nas-service')}")
        raise typer.Exit


@app.callback()
def _options(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None: ...
