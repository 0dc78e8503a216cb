"""Whether bundles hold what their cards promise."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

VERDICTS = {True: ("agrees", "green"), False: ("DISAGREES", "bold red")}


def verification_lines(report: Mapping[str, Any]) -> list[Text]:
    """The bundle's verdict, and one line a check: what the card says, and what was found now."""
    lines = [Text.assemble(f"{report['bundle']}  ", VERDICTS[report["agrees"]])]
    width = max((len(check["name"]) for check in report["checks"]), default=0)
    return lines + [
        Text.assemble("  ", VERDICTS[check["agrees"]], f"  {check['name']:<{width}}  {check['detail']}")
        for check in report["checks"]
    ]


def verdict(reports: Sequence[Mapping[str, Any]]) -> str:
    """All bundles in one sentence."""
    wrong = sum(not report["agrees"] for report in reports)
    bundles = "1 bundle" if len(reports) == 1 else f"{len(reports)} bundles"
    return f"{wrong} of {bundles} disagree with their cards" if wrong else f"{bundles} verified"
