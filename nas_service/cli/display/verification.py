"""Whether bundles hold what their cards promise."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

VERDICTS = {True: ("agrees", "green"), False: ("DISAGREES", "bold red"), None: ("not judged", "dim")}
"""The last is for what this machine cannot judge, such as a latency of another device."""


def verification_lines(report: Mapping[str, Any]) -> list[Text]:
    """The bundle's verdict, and one line a check: what the card says, and what was found now."""
    lines = [Text.assemble(f"{report['bundle']}  ", VERDICTS[report["agrees"]])]
    width = max((len(check["name"]) for check in report["checks"]), default=0)
    longest = max(len(word) for word, _ in VERDICTS.values())
    return lines + [
        Text.assemble("  ", (f"{word:<{longest}}", style), f"  {check['name']:<{width}}  {check['detail']}")
        for check in report["checks"]
        for word, style in [VERDICTS[check["agrees"]]]
    ]


def verdict(reports: Sequence[Mapping[str, Any]]) -> str:
    """All bundles in one sentence."""
    wrong = sum(not report["agrees"] for report in reports)
    bundles = "1 bundle" if len(reports) == 1 else f"{len(reports)} bundles"
    return f"{bundles} checked, {wrong} not as the card says" if wrong else f"{bundles} verified"
