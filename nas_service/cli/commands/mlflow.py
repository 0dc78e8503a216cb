"""`nas log-to-mlflow`: a finished search among other experiments."""

from typing import Annotated

import typer
from rich.text import Text

from nas_service.cli.connect import connect, find_search
from nas_service.cli.errors import CliError, ExitCode
from nas_service.cli.options import JsonOption, SearchArgument, TokenOption, UrlOption
from nas_service.extras import explained


def log_to_mlflow(
    ctx: typer.Context,
    search: SearchArgument,
    tracking_uri: Annotated[
        str,
        typer.Option("--tracking-uri", envvar="MLFLOW_TRACKING_URI", help="An MLflow server, or sqlite:///FILE."),
    ] = "sqlite:///mlflow.db",
    experiment: Annotated[str, typer.Option("--experiment", help="Made where it does not exist.")] = "nas",
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Log a search that is over to MLflow: a run for it, and one below it for each network of its front."""
    with explained():
        from nas_service.mlflow_runs import log_search
        from nas_service.plots.material import Material
    with connect(url, token) as client:
        material = Material(client, find_search(client, search))
        if not material.search.is_over:
            raise CliError(f"{material.search.id} is not over; `nas watch` follows it", ExitCode.USAGE)
        run_id = log_search(material, tracking_uri, experiment)
    document = {"search_id": material.search.id, "tracking_uri": tracking_uri, "run_id": run_id}
    ctx.obj.show(document, Text(f"logged as run {run_id} of experiment {experiment} in {tracking_uri}"))
