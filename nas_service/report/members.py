"""The members of a front as a report tells them: what each is worth, and the checksums of its files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nas_service.cli.display.final import latency_text
from nas_service.cli.display.front import short_key
from nas_service.domain.metrics import metric_key
from nas_service.domain.spec import COMPUTABLE_METRICS, Metric
from nas_service.units import metric_text, percent
from nas_service.wire.candidates import ArtifactInfo, CandidateDetail, MeasurementInfo
from nas_service.wire.searches import SearchDetail

BUNDLE = "bundle.zip"
UNKNOWN = "–"


@dataclass(frozen=True, slots=True)
class Member:
    """A row of the table."""

    rank: int
    key: str
    """Start of the architecture's key."""
    number: int
    validation: str
    test: str
    latencies: tuple[str, ...]
    """One a target, with half of the 95 % interval."""
    costs: tuple[str, ...]
    """In the order of `COST_KEYS`."""
    files: tuple[ArtifactInfo, ...]
    """The bundle first."""


COST_KEYS = tuple(metric.value for metric in Metric if metric in COMPUTABLE_METRICS)


def member(rank: int, candidate: CandidateDetail, search: SearchDetail) -> Member:
    """Numbers of the finalized file where there are any, else those of the search phase."""
    final = candidate.final or {}
    validation = final.get("validation_accuracy", candidate.metrics.get(Metric.ACCURACY))
    return Member(
        rank=rank,
        key=short_key(candidate.architecture_key),
        number=candidate.number,
        validation=UNKNOWN if validation is None else percent(validation),
        test=percent(final["test_accuracy"]) if "test_accuracy" in final else UNKNOWN,
        latencies=tuple(_latency(candidate, search, target) for target in range(len(search.spec.targets))),
        costs=tuple(metric_text(key, candidate.metrics.get(key)) for key in COST_KEYS),
        files=tuple(sorted(candidate.artifacts, key=lambda file: (file.name != BUNDLE, file.name))),
    )


def measurement_on(candidate: CandidateDetail, search: SearchDetail, target: int) -> MeasurementInfo | None:
    """The last timing on a target of the search, at the candidate's precision."""
    wanted = search.spec.targets[target]
    if candidate.precision is not None:
        wanted = wanted.model_copy(update={"precision": candidate.precision})
    return next((m for m in reversed(candidate.measurements) if m.target == wanted), None)


def _latency(candidate: CandidateDetail, search: SearchDetail, target: int) -> str:
    final: Mapping[str, Any] = (candidate.final or {}).get("latency", {})
    if str(target) in final:
        return latency_text(final[str(target)])
    found = measurement_on(candidate, search, target)
    if found is None:
        return metric_text(
            metric_key(Metric.LATENCY_MS, target), candidate.metrics.get(metric_key(Metric.LATENCY_MS, target))
        )
    ends = {name: found.result.get(name) for name in ("ci95_low_ms", "ci95_high_ms")}
    return latency_text({"median_ms": found.median_ms, "noisy": found.noisy, **ends})
