"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout, and nothing else there.")]
UrlOption = Annotated[
    str | None,
    typer.Option("--url", envvar="NAS_URL", help="The service to talk to; by default the one that runs for NAS_HOME."),
]
TokenOption = Annotated[
    str | None,
    typer.Option("--token", envvar="NAS_TOKEN", help="API key; better in NAS_TOKEN, where no process list shows it."),
]
SearchArgument = Annotated[
    str, typer.Argument(metavar="ID", help="A search's id, the start of one, or `last` for the newest.")
]
SpecArgument = Annotated[Path, typer.Argument(metavar="SPEC", help="A spec file, YAML or JSON.")]
OutOption = Annotated[Path, typer.Option("--out", help="Results go into a folder of the search's name in here.")]
CandidatesOption = Annotated[
    int | None, typer.Option("--candidates", min=1, help="Candidates to try, instead of the spec's budget.candidates.")
]
MinutesOption = Annotated[
    float | None, typer.Option("--minutes", min=0.01, help="Minutes to search, instead of the spec's budget.minutes.")
]

RESULTS = Path("results")


def budget(candidates: int | None, minutes: float | None) -> dict[str, float]:
    """The parts of a spec's budget that the command line overrides."""
    given = {"candidates": candidates, "minutes": minutes}
    return {name: value for name, value in given.items() if value is not None}
