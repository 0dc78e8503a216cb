"""Commands that check: a bundle against its card, and the installation."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from nas_service.cli.display.tables import finding_lines
from nas_service.cli.display.verification import verdict, verification_lines
from nas_service.cli.doctor.finding import Level
from nas_service.cli.doctor.report import findings
from nas_service.cli.errors import CliError, ExitCode
from nas_service.cli.options import JsonOption
from nas_service.cli.output import Output


def doctor(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """Check the installation, and say how to mend it."""
    output: Output = ctx.obj
    found = []
    for finding in findings():
        output.note(*finding_lines(finding))
        found.append(finding)
    failed = [finding for finding in found if finding.level is Level.FAIL]
    summary = f"{len(failed)} of {len(found)} checks failed" if failed else f"{len(found)} checks, none failed"
    document = {"ok": not failed, "checks": [finding.to_json() for finding in found]}
    output.show(document, Text(f"\n{summary}"))
    if failed:
        raise typer.Exit(ExitCode.FAILED)


def verify(
    ctx: typer.Context,
    bundles: Annotated[list[Path], typer.Argument(metavar="BUNDLE...", help="Unpacked bundles.")],
    data: Annotated[
        Path | None,
        typer.Option("--data", exists=True, dir_okay=False, help="The uploaded file, for bundles made on an upload."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compute a bundle's accuracy again from its exported file, time it again, and compare with its card."""
    output: Output = ctx.obj
    reports = []
    for bundle in bundles:
        reports.append(_report(bundle, data))
        output.note(*verification_lines(reports[-1]))
    agree = all(report["agrees"] for report in reports)
    output.show({"agrees": agree, "bundles": reports}, Text(f"\n{verdict(reports)}"))
    if not agree:
        raise typer.Exit(ExitCode.FAILED)


def _report(bundle: Path, data: Path | None) -> Any:
    """What the worker's code finds, which needs the runtimes that this process does not load."""
    if not (bundle / "card.json").is_file():
        raise CliError(f"{bundle} is no bundle: it has no card.json", ExitCode.USAGE)
    command = [
        sys.executable,
        "-m",
        "workers.bundle.verify",
        str(bundle),
        "--json",
        *(["--data", str(data)] if data else []),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    try:
        return json.loads(done.stdout)
    except ValueError:
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise CliError(f"{bundle} could not be checked: {reason}; `nas doctor` looks at the installation") from None
