"""How the numbers of a report came to be: splits, training, and the birthplace of each target's latencies."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nas_service.domain.recipe_check import name_of
from nas_service.plots.axis import target_text
from nas_service.report.members import measurement_on
from nas_service.units import significant
from nas_service.wire.candidates import CandidateDetail, MeasurementInfo
from nas_service.wire.searches import SearchDetail


@dataclass(frozen=True, slots=True)
class Facts:
    """What is told of one subject, as names and values."""

    subject: str
    rows: tuple[tuple[str, str], ...]


def accuracy_facts(search: SearchDetail) -> Facts:
    """Data and training."""
    training, rows = search.spec.training, [("data set", search.dataset)]
    data = search.resolved_dataset
    if data is not None:
        rows.append(("images", f"{data.width} x {data.height}, {data.channels} channels, {len(data.classes)} classes"))
        rows += [
            (f"{name} split", f"{part['samples']:,} images")
            for name, part in data.summary.get("splits", {}).items()
            if "samples" in part
        ]
        rows.append(("fingerprint", data.fingerprint))
    rows.append(("training", f"{training.epochs} epochs, batch {training.batch_size}, seed {search.spec.seed}"))
    recipe = ", ".join(map(name_of, (*training.recipe, *search.spec.finalize.recipe)))
    return Facts("Accuracy", (*rows, *([("recipe", recipe)] if recipe else [])))


def latency_facts(search: SearchDetail, members: Sequence[CandidateDetail]) -> list[Facts]:
    """One a target."""
    found = []
    for index, target in enumerate(search.spec.targets):
        timings = [m for m in (measurement_on(member, search, index) for member in members) if m is not None]
        found.append(Facts(f"Latency {index}: {target_text(target)}", _latency_rows(timings)))
    return found


def _latency_rows(timings: Sequence[MeasurementInfo]) -> tuple[tuple[str, str], ...]:
    if not timings:
        return (("timings", "none of the front's members"),)
    birthplace: dict[str, Any] = timings[-1].result.get("birthplace", {})
    samples = [int(t.result["sample_count"]) for t in timings if "sample_count" in t.result]
    noisy = sum(t.noisy for t in timings)
    versions = ", ".join(f"{name} {version}" for name, version in birthplace.get("versions", {}).items())
    known = {
        "processor": birthplace.get("cpu"),
        "versions": versions,
        "samples": f"{min(samples):,} to {max(samples):,} a network" if samples else None,
        "precision": _widest(timings),
        "noisy": f"{noisy} of {len(timings)} missed the precision asked for" if noisy else "none",
        "taken": f"{min(t.created_at for t in timings):%Y-%m-%d %H:%M} UTC and after",
    }
    return tuple((name, str(value)) for name, value in known.items() if value)


def _widest(timings: Sequence[MeasurementInfo]) -> str | None:
    """Half of the widest 95 % interval of a median, relative to it."""
    halves = [
        (t.result["ci95_high_ms"] - t.result["ci95_low_ms"]) / 2 / t.median_ms
        for t in timings
        if t.result.get("ci95_low_ms") is not None and t.result.get("ci95_high_ms") is not None and t.median_ms > 0
    ]
    return f"95 % intervals of the median within +-{significant(100 * max(halves), 2)} %" if halves else None
