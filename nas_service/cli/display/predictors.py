"""Latency predictors as tables, sentences and plots."""

from collections.abc import Iterable
from pathlib import Path

from rich.table import Table
from rich.text import Text

from nas_service.cli.errors import CliError, ExitCode
from nas_service.domain.spec import TargetSpec
from nas_service.units import duration
from nas_service.wire.predictors import FigureInfo, PredictorFigures, PredictorInfo


def target_text(target: TargetSpec) -> str:
    """One line for a target."""
    extra = [f"{target.threads} threads"] * (target.threads > 1) + [f"batch {target.batch_size}"] * (
        target.batch_size > 1
    )
    return ", ".join([f"{target.runtime} {target.precision} on {target.device}", *extra])


def predictor_table(predictors: Iterable[PredictorInfo]) -> Table:
    """One row a predictor."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("id", "networks", "target", "measured", "error", "within 10 %", "age", "state"):
        table.add_column(name, no_wrap=name == "id")
    for found in predictors:
        subject, errors = found.subject, found.errors
        state = Text("valid", style="green") if found.valid else Text(found.outdated or "", style="red")
        table.add_row(
            found.id,
            f"{subject.space} {subject.preset}, {subject.height}x{subject.width}x{subject.channels}",
            Text(target_text(found.target)),
            str(found.measured_count) if errors else found.origin.value,
            f"{errors.mape.value:.1%}" if errors else "-",
            f"{errors.within_10_percent.value:.0%}" if errors else "-",
            duration(found.age_s),
            state,
        )
    return table


def errors_text(found: PredictorInfo) -> list[Text]:
    """How good a predictor is, in sentences."""
    lines = [Text(f"{found.id}: {target_text(found.target)}, fitted on {found.measured_count} networks")]
    if found.errors is None:
        return lines
    errors = found.errors
    lines += [
        Text(f"cross-validated error   {_share(errors.mape)}"),
        Text(f"within 5 %              {_share(errors.within_5_percent)}"),
        Text(f"within 10 %             {_share(errors.within_10_percent)}"),
        Text(f"rank correlation        {_plain(errors.spearman)}"),
    ]
    others = ", ".join(f"{name} {mape:.1%}" for name, mape in sorted(found.mape_of_methods.items()))
    return [*lines, Text(f"method                  {found.method} (errors: {others})")]


def _share(figure: FigureInfo) -> str:
    return f"{figure.value:.1%}   (95 %: {figure.low:.1%} to {figure.high:.1%})"


def _plain(figure: FigureInfo) -> str:
    return f"{figure.value:.4f}   (95 %: {figure.low:.4f} to {figure.high:.4f})"


def predictor_plot(figures: PredictorFigures, width: int, height: int) -> Text | None:
    """Predicted over measured, in the terminal; None without measurements."""
    if not figures.measured_ms:
        return None
    import plotext  # a tenth of a second that only plots need

    figure = plotext.figure
    figure.clear.all()
    figure.theme("simple")
    figure.plot_size(width, height)
    ends = [min(figures.measured_ms), max(figures.measured_ms)]
    figure.draw(figure.signal(ends, ends, marker="."))
    figure.draw(figure.signal(list(figures.measured_ms), list(figures.predicted_ms), marker="o"))
    figure.label("measured ms", "x")
    figure.label("predicted ms", "y")
    return Text.from_ansi(figure.build().string())


def save_plot(figures: PredictorFigures, found: PredictorInfo, path: Path) -> None:
    """Predicted against measured as SVG or PNG. Raises CliError where matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure  # an extra: only who wants a file needs it
    except ImportError:
        raise CliError("--plot needs matplotlib: pip install 'nas-service[plot]'", ExitCode.USAGE) from None
    figure = Figure(figsize=(5.5, 5))
    axes = figure.subplots()
    ends = [min(figures.measured_ms), max(figures.measured_ms)]
    axes.plot(ends, ends, color="0.6", linewidth=1)
    axes.fill_between(ends, [0.9 * end for end in ends], [1.1 * end for end in ends], color="0.9", label="10 %")
    axes.scatter(figures.measured_ms, figures.predicted_ms, s=9)
    axes.set(xscale="log", yscale="log", xlabel="measured, ms", ylabel="predicted, ms", title=target_text(found.target))
    figure.savefig(path, bbox_inches="tight")
