"""Checks a bundle against its card: `python -m workers.bundle.verify BUNDLE [--json]`.

Computes again what the card states: checksums, costs, equal outputs of both forms of the network, accuracy of the
exported file on the named data set, latency on the device it was timed on. Ends with exit code 1 if anything
disagrees or cannot be read, else with 0; what this machine cannot judge is reported only.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from nas_service.settings import Settings
from workers.bundle.card_format import LatencyPart
from workers.bundle.checks.bundle import Means, check_bundle
from workers.bundle.checks.latency import Measure
from workers.bundle.checks.report import Report
from workers.profiling.host_lock import timing
from workers.profiling.measure import Effort, Surroundings, measure
from workers.profiling.measurement import MeasurementResult

HOST_TIMEOUT_S = 120.0
"""How long to wait until every training on this host has paused."""
VERDICTS = {True: "agrees", False: "DISAGREES", None: "not judged"}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    settings = Settings()
    given = _parser(settings).parse_args(arguments)
    cache_dir = settings.home.resolve() / "cache"
    means = Means(
        given.data_root or settings.data_roots,
        _alone_on(settings.host_lock_dir, given.seconds),
        cache_dir if cache_dir.is_dir() else None,
        given.data,
    )
    report = check_bundle(given.bundle, means)
    sys.stdout.write(json.dumps(report.to_dict()) + "\n" if given.json else _lines(report))
    return 0 if report.agrees else 1


def _parser(settings: Settings) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m workers.bundle.verify", description="Check a bundle against its card.")
    parser.add_argument("bundle", type=Path, help="folder of an unpacked bundle")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument(
        "--data-root",
        type=Path,
        action="append",
        metavar="DIR",
        help="folder below which file data sets may lie; may be repeated (default: NAS_DATA_ROOTS or this folder)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FILE",
        help="the zip or .npz file of an uploaded data set, for bundles made on one",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=settings.final_measure_s,
        help="longest time spent on one latency measurement (default: %(default)s)",
    )
    return parser


def _alone_on(lock_dir: Path, budget_s: float) -> Measure:
    """Measures with the host to itself."""

    def measure_alone(model: Path, stated: LatencyPart) -> MeasurementResult:
        around = Surroundings(alone=lambda: timing(lock_dir, HOST_TIMEOUT_S))
        return measure(model, stated.target, Effort(budget_s=budget_s), around)

    return measure_alone


def _lines(report: Report) -> str:
    width = max(len(check.name) for check in report.checks)
    lines = [f"{check.name:<{width}}  {VERDICTS[check.agrees]:<10}  {check.detail}" for check in report.checks]
    verdict = "agrees with its card" if report.agrees else "DISAGREES with its card"
    return "\n".join([*lines, f"{report.bundle} {verdict}"]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
