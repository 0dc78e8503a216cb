"""The table at the end of a search: what each finished network is worth."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from nas_service.cli.display.front import short_key
from nas_service.cli.results import Results
from nas_service.domain.estimates import latency_interval
from nas_service.domain.metrics import judges_by_files, metric_key
from nas_service.domain.spec import Metric
from nas_service.units import half_width_text, heading, metric_text, percent


def final_table(results: Results) -> Table:
    """Both accuracies, latency with its 95 % interval on every target, size and MACs; one row a member."""
    targets = range(len(results.search.spec.targets))
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("#", justify="right")
    table.add_column("architecture")
    latencies = [heading(metric_key(Metric.LATENCY_MS, target), len(targets)) for target in targets]
    # Where targets execute files of different accuracy it is said whose is shown.
    by_files = judges_by_files(results.search.spec)
    if by_files:
        table.add_column("file")
    for name in ("validation", "test", *latencies, "size", "MACs"):
        table.add_column(name, justify="right")
    for result in results.members:
        final, metrics = result.candidate.final or {}, result.candidate.metrics
        table.add_row(
            str(result.rank),
            short_key(result.candidate.architecture_key),
            *([final["file"]] if by_files else []),
            percent(final["validation_accuracy"]),
            percent(final["test_accuracy"]),
            *(latency_text(final["latency"][str(target)]) for target in targets),
            metric_text(Metric.SIZE_BYTES, metrics.get(Metric.SIZE_BYTES)),
            metric_text(Metric.MACS, metrics.get(Metric.MACS)),
        )
    return table


def latency_text(latency: Mapping[str, Any]) -> str:
    """`0.0342 ms +-0.0003`: the median and half of its 95 % interval."""
    text = metric_text(Metric.LATENCY_MS, latency["median_ms"])
    text += half_width_text(Metric.LATENCY_MS, latency_interval(latency))
    return text + (" (noisy)" if latency["noisy"] else "")
