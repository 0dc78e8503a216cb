"""`nas profile` makes a latency predictor; `nas predictors` lists, imports and deletes them."""

import json
from itertools import islice
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer
import yaml
from pydantic import ValidationError
from rich.text import Text

from nas_service.cli.connect import connect
from nas_service.cli.display.predictors import errors_text, predictor_plot, predictor_table, save_plot
from nas_service.cli.errors import CliError, ExitCode
from nas_service.cli.home_service import HomeService
from nas_service.cli.interrupts import Interrupts
from nas_service.cli.options import JsonOption, TokenOption, UrlOption
from nas_service.cli.running import Running
from nas_service.domain.spec import BudgetSpec, DatasetSpec, SpaceSpec, TargetSpec
from nas_service.settings import Settings
from nas_service.wire.predictors import PredictorInfo, ProfileRequest, TableImport

app = typer.Typer(no_args_is_help=True, help="List, import and delete latency predictors.")

PLOT_SIZE = (72, 20)

TargetOption = Annotated[
    str,
    typer.Option(
        "--target",
        metavar="RUNTIME[,KEY=VALUE]...",
        help="What to time on: a runtime, then precision, device, threads or batch_size.",
    ),
]
PlotOption = Annotated[
    Path | None,
    typer.Option("--plot", dir_okay=False, help="Draw predicted against measured into this SVG or PNG file."),
]


def profile(
    ctx: typer.Context,
    space: Annotated[str, typer.Option("--space", help="A search space.")] = "mobilenet",
    preset: Annotated[str, typer.Option("--preset", help="Of the space; by default by the image size.")] = "auto",
    choices: Annotated[
        list[str] | None,
        typer.Option("--choice", metavar="NAME=VALUE,...", help="Allow only these options of a choice; repeatable."),
    ] = None,
    dataset: Annotated[
        str, typer.Option("--dataset", help="Of which the shape counts; noise:HEIGHTxWIDTHxCHANNELSxCLASSES will do.")
    ] = "noise:32x32x3x10",
    target: TargetOption = "onnxruntime",
    minutes: Annotated[float, typer.Option("--minutes", min=0.1, help="How long to measure.")] = 15.0,
    error: Annotated[
        float, typer.Option("--error", min=0.1, max=50, help="Stop before where predictions are surely so good, in %.")
    ] = 3.0,
    networks: Annotated[int | None, typer.Option("--networks", min=10, help="At most this many.")] = None,
    plot: PlotOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure untrained networks of a space, and make a latency predictor of the target. Ctrl-C pauses it."""
    try:
        wanted = ProfileRequest(
            space=SpaceSpec(name=space, preset=preset, choices=_choices(choices or [])),
            dataset=DatasetSpec(name=dataset),
            target=read_target(target),
            budget=BudgetSpec(minutes=minutes, candidates=networks, predictor_mape=error / 100),
        )
    except ValidationError as error:
        raise CliError("; ".join(found["msg"] for found in error.errors()), ExitCode.USAGE) from error
    key = uuid4().hex
    with Interrupts() as interrupts, HomeService(Settings().home, {}) as service:
        running = Running(ctx.obj, interrupts, service, url, token)
        running.to_success(
            lambda client: client.profile(wanted, idempotency_key=key), lambda search_id: f"nas resume {search_id}"
        )
        made = running.persist(
            lambda client: next(p for p in client.predictors(space, wanted.target.device) if p.target == wanted.target)
        )
        figures = running.persist(lambda client: client.predictor_figures(made.id))
    if plot is not None:
        save_plot(figures, made, plot)
    ctx.obj.show(
        {"predictor": made, "figures": figures},
        *([found] if (found := predictor_plot(figures, *PLOT_SIZE)) else []),
        *errors_text(made),
    )


def _choices(given: list[str]) -> dict[str, Any]:
    found = {}
    for text in given:
        name, equals, values = text.partition("=")
        if not equals:
            raise CliError(f"--choice {text}: write NAME=VALUE, or NAME=VALUE,VALUE", ExitCode.USAGE)
        found[name] = [yaml.safe_load(value) for value in values.split(",")]
    return found


def read_target(text: str) -> TargetSpec:
    """`onnxruntime,precision=int8,threads=2` as a target. Raises CliError, and ValidationError for wrong values."""
    runtime, *rest = text.split(",")
    fields: dict[str, str] = {"runtime": runtime}
    for part in rest:
        name, equals, value = part.partition("=")
        if not equals or name not in TargetSpec.model_fields:
            known = ", ".join(name for name in TargetSpec.model_fields if name != "runtime")
            raise CliError(f"--target: {part!r} is not KEY=VALUE with a key of {known}", ExitCode.USAGE)
        fields[name] = value
    return TargetSpec.model_validate(fields)


@app.command("list")
def list_predictors(
    ctx: typer.Context,
    space: Annotated[str | None, typer.Option("--space", help="Only of this space.")] = None,
    device: Annotated[str | None, typer.Option("--device", help="Only on this device.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most this many, the newest.")] = 50,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """List latency predictors: how good they are, and whether they still hold."""
    with connect(url, token) as client:
        found = list(islice(client.predictors(space, device), limit))
    empty = Text("no predictor yet; make one with `nas profile`")
    ctx.obj.show({"items": found}, predictor_table(found) if found else empty)


@app.command("import")
def import_tables(
    ctx: typer.Context,
    files: Annotated[
        list[str], typer.Argument(metavar="RESOLUTION=FILE...", help="Tables in Once-for-All's format, YAML or JSON.")
    ],
    target: TargetOption,
    space: Annotated[str, typer.Option("--space")] = "ofa_mobilenetv3",
    preset: Annotated[str, typer.Option("--preset", help="Of the space: w1.0 or w1.2.")] = "w1.2",
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import a published latency table as a predictor."""
    tables = {int(resolution): _table(Path(file)) for resolution, file in map(_pair, files)}
    published = TableImport(space=space, preset=preset, target=read_target(target), tables=tables)
    with connect(url, token) as client:
        made: PredictorInfo = client.import_table(published)
    ctx.obj.show(made, Text(f"imported {made.id}: {space} {preset} on {made.target.device}"))


def _pair(text: str) -> tuple[str, str]:
    resolution, equals, file = text.partition("=")
    if not equals or not resolution.isdecimal():
        raise CliError(f"{text}: write RESOLUTION=FILE, such as 224=note10_224.yaml", ExitCode.USAGE)
    return resolution, file


def _table(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text()) if path.suffix == ".json" else yaml.safe_load(path.read_text())
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise CliError(f"{path} cannot be read as a table: {error}", ExitCode.USAGE) from error
    if not isinstance(document, dict):
        raise CliError(f"{path} is no table: its top level must map blocks to times", ExitCode.USAGE)
    return document


@app.command()
def delete(
    ctx: typer.Context,
    predictor: Annotated[str, typer.Argument(metavar="ID", help="As shown by `nas predictors list`.")],
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete a predictor. What was measured for it stays."""
    with connect(url, token) as client:
        client.delete_predictor(predictor)
    ctx.obj.show({"deleted": predictor}, Text(f"deleted {predictor}"))
