"""Compress a network of one's own by a recipe, without a service and outside of any search."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from pydantic import TypeAdapter, ValidationError
from rich.text import Text

from nas_service.cli.commands.predictors import read_target
from nas_service.cli.display.lineage import comparison_table, facts_line
from nas_service.cli.errors import CliError, ExitCode
from nas_service.cli.options import JsonOption
from nas_service.cli.output import Output
from nas_service.domain.recipe import check_recipe
from nas_service.domain.spec import DatasetSpec, RecipeEntry, TargetSpec, TrainingSpec
from nas_service.wire.candidates import ComparedInfo

RECIPE: TypeAdapter[list[RecipeEntry]] = TypeAdapter(list[RecipeEntry])
COMPARISON: TypeAdapter[dict[str, ComparedInfo]] = TypeAdapter(dict[str, ComparedInfo])


def compress(
    ctx: typer.Context,
    model: Annotated[Path, typer.Argument(metavar="MODEL", exists=True, help="A bundle's folder, or a .pt2 program.")],
    recipe: Annotated[str, typer.Option("--recipe", help="Steps: `a,b`, or YAML such as `[{a: {option: 1}}, b]`.")],
    dataset: Annotated[str, typer.Option("--dataset", help="To calibrate, fine-tune and judge with.")] = "digits",
    target: Annotated[
        str, typer.Option("--target", metavar="RUNTIME[,KEY=VALUE...]", help="What is timed, on this machine.")
    ] = "onnxruntime",
    epochs: Annotated[
        int, typer.Option("--epochs", min=1, help="Of the training that fine-tuning is measured by.")
    ] = 20,
    seed: Annotated[int, typer.Option("--seed", min=0)] = 0,
    out: Annotated[Path, typer.Option("--out", help="The folder that is written.")] = Path("compressed"),
    as_json: JsonOption = False,
) -> None:
    """Compress a network of your own, and hold the result against it: accuracy, latency, size, MACs."""
    output: Output = ctx.obj
    wanted = _target(target)
    request = {
        "model": str(model),
        "dataset": DatasetSpec(name=dataset).model_dump(mode="json"),
        "target": wanted.model_dump(mode="json"),
        "recipe": _recipe(recipe, wanted),
        "training": TrainingSpec(epochs=epochs).model_dump(mode="json"),
        "seed": seed,
        "out": str(out),
    }
    found = _worked_on(request)
    steps = ", ".join(step["step"] for step in found["steps"])
    output.show(
        found,
        Text(f"\n{model} by {steps}: {found['reason']}\n"),
        comparison_table(COMPARISON.validate_python(found["comparison"]), target_count=1),
        Text(),
        *(facts_line(step["step"], step["facts"]) for step in found["steps"]),
        Text(f"\nfiles in {out}, to be executed: {found['file']}"),
    )


def _target(text: str) -> TargetSpec:
    try:
        return read_target(text)
    except ValidationError as error:
        raise CliError("; ".join(found["msg"] for found in error.errors()), ExitCode.USAGE) from error


def _recipe(text: str, target: TargetSpec) -> list[Any]:
    """The entries, checked as a search's are."""
    try:
        said = yaml.safe_load(text if text.lstrip().startswith("[") else f"[{text}]")
        entries = RECIPE.validate_python(said)
    except (yaml.YAMLError, ValidationError) as error:
        raise CliError(f"--recipe: {text!r} is no list of steps: {error}", ExitCode.USAGE) from error
    problems = check_recipe(entries, "finalize", targets=[target])
    if problems:
        raise CliError("; ".join(f"--recipe: {problem.message}" for problem in problems), ExitCode.USAGE)
    return entries


def _worked_on(request: dict[str, Any]) -> Any:
    """What the worker's code makes of it, in a process that has torch; it tells on stderr what it is at."""
    command = [sys.executable, "-m", "workers.compression.command", json.dumps(request)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    try:
        found = json.loads(done.stdout)
    except ValueError:
        raise CliError(f"it ended with exit code {done.returncode}; `nas doctor` looks at the installation") from None
    if "error" in found:
        raise CliError(found["error"]["detail"])
    return found
