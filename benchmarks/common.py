"""What all benchmarks share: their command line, the machine's description, and one shape for what they found."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

LOG_WIDTH = 120
"""Columns of a table that does not go to a terminal."""


@dataclass(frozen=True)
class Bar:
    """A figure that the project promises: at least (or at most, or more than) `bar`."""

    name: str
    value: float
    bar: float
    at_most: bool = False
    more_than: bool = False

    @property
    def met(self) -> bool:
        if self.more_than:
            return self.value > self.bar
        return self.value <= self.bar if self.at_most else self.value >= self.bar

    @property
    def relation(self) -> str:
        return "more than" if self.more_than else "at most" if self.at_most else "at least"

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "met": self.met}


@dataclass(frozen=True)
class Findings:
    """One run of a benchmark. `raw` holds every single figure that was taken, so that others can judge them."""

    name: str
    raw: Any
    bars: Sequence[Bar]
    table: Table
    packages: Sequence[str]
    """Installed packages whose versions matter for the figures."""


def options(description: str) -> argparse.Namespace:
    """`quick`, `json` and `plot`."""
    return add_options(argparse.ArgumentParser(description=description)).parse_args()


def add_options(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The same three, beside a benchmark's own."""
    parser.add_argument("--quick", action="store_true", help="fewer cases and repeats: a minute or two")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure, the machine and the bars")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the figures (PNG or SVG)")
    return parser


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    return {
        "processor": _processor(),
        "architecture": platform.machine(),
        "cores": psutil.cpu_count(logical=False),
        "logical_cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.platform(),
        "load_average": os.getloadavg(),
    }


def publish(findings: Findings, chosen: argparse.Namespace, draw: Callable[[Any], Any]) -> None:
    """Write the JSON and the plot where asked for, then print the table and the bars. `draw(raw)` gives a figure."""
    if chosen.json:
        document = {
            "benchmark": findings.name,
            "quick": chosen.quick,
            "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine(),
            "versions": {"python": platform.python_version()} | {name: version(name) for name in findings.packages},
            "bars": [bar.to_dict() for bar in findings.bars],
            "raw": findings.raw,
        }
        chosen.json.write_text(json.dumps(document, indent=2) + "\n")
    if chosen.plot:
        draw(findings.raw).savefig(chosen.plot, dpi=150, bbox_inches="tight")
    console = Console() if sys.stdout.isatty() else Console(width=LOG_WIDTH)
    console.print(findings.table)
    for bar in findings.bars:
        mark = "[green]met[/green]" if bar.met else "[red]missed[/red]"
        console.print(f"{bar.name}: {bar.value:.3g} (bar: {bar.relation} {bar.bar:g}) {mark}")


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        return names[0] if names else platform.processor()
    return platform.processor()
