"""What deleting needless files would free, and deleting them."""

import json
import subprocess
import sys
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from nas_service.cli.errors import CliError, ExitCode
from nas_service.cli.options import JsonOption
from nas_service.units import scaled

REASONS = {
    "dominated": "candidates not on the front of an ended search",
    "unreferenced": "of deleted searches, or never used",
    "unfinished": "half written, their writers died",
    "checkpoints": "checkpoints of work that is over",
    "orphans": "unknown to this database (deleted with --orphans only)",
}
"""Shown in this order."""


def gc(
    ctx: typer.Context,
    delete: Annotated[bool, typer.Option("--delete", help="Delete them, instead of only saying so.")] = False,
    orphans: Annotated[
        bool,
        typer.Option("--orphans", help="Also delete files that this database does not know; see that none else does."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Say which stored files nobody needs any more, by reason. Control deletes most of them by itself."""
    if orphans and not delete:
        raise CliError("--orphans says what to delete: give --delete too", ExitCode.USAGE)
    given = [flag for flag, wanted in (("--delete", delete), ("--orphans", orphans)) if wanted]
    done = subprocess.run([sys.executable, "-m", "nas_service.gc", *given], capture_output=True, text=True)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no reason was given"])[-1]
        raise CliError(f"the files could not be looked at: {reason}")
    report: dict[str, Any] = json.loads(done.stdout)
    ctx.obj.show(report, _table(report), Text("\n".join(_notes(report))))


def _table(report: dict[str, Any]) -> Table:
    table = Table("files", "size", "why nobody needs them")
    for key, why in REASONS.items():
        table.add_row(f"{report[key]['files']:,}", scaled(report[key]["size_bytes"], "B"), why)
    return table


def _notes(report: dict[str, Any]) -> list[str]:
    notes = [f"what is younger than {report['grace_s']:g} s stays (NAS_ARTIFACT_GRACE_S)"]
    if report["missing"]["files"]:
        names = ", ".join(report["missing"]["sha256"])
        notes.append(f"{report['missing']['files']:,} files are missing, restore them from a backup: {names}")
    if "freed" in report:
        freed = report["freed"]
        notes.append(f"deleted {freed['files']:,} files, {scaled(freed['size_bytes'], 'B')}")
    else:
        notes.append("nothing was deleted; --delete does")
    return notes
