"""Whether the exported file is as fast as stated, on the device that the statement is about."""

import statistics
from collections.abc import Callable
from pathlib import Path

from nas_service.domain.errors import NasError
from workers.bundle.card_format import BirthplacePart, LatencyPart
from workers.bundle.checks.report import Check
from workers.profiling.measure import ModelRefusedError
from workers.profiling.measurement import MeasurementResult

TOLERANCE = 0.10
"""Relative difference allowed between two ratios to the reference model. Of 25 repeated measurements of three small
networks, 4 s each on a busy two-core machine, 99 % of all pairs differed by less than 5.1 %, the worst by 6.2 %;
their absolute latencies differed by up to 21 %."""
NOISY_TOLERANCE = 0.3
"""The same where most measurements are noisy: up to it they contradict a statement without refuting it."""
ATTEMPTS = 3

Measure = Callable[[Path, LatencyPart], MeasurementResult]


def check_latency(name: str, stated: LatencyPart, model: Path, measure: Measure) -> Check:
    """Time the file again, up to ATTEMPTS times until a quiet measurement agrees, else judge by the median of them.

    Judged is the ratio to the reference model: what slows a shared machine down for a while slows both. Noisy
    measurements refute only what is far off.
    """
    found: list[MeasurementResult] = []
    try:
        for _ in range(ATTEMPTS):
            found.append(measure(model, stated))
            obstacle = _obstacle(stated, found[-1])
            if obstacle:
                return _check(name, stated, found, f"not judged, because {obstacle}")
            if not found[-1].noisy and _agrees(stated, found[-1:]):
                return _check(name, stated, found[-1:])
    except ModelRefusedError as error:
        return Check(name, False, error.detail)
    except NasError as error:
        return Check(name, None, f"not judged, because it cannot be timed here: {error.detail}")
    noisy = sum(result.noisy for result in found) > ATTEMPTS / 2
    if noisy and not _agrees(stated, found) and _agrees(stated, found, NOISY_TOLERANCE):
        return _check(name, stated, found, "not judged, because most measurements are noisy")
    return _check(name, stated, found)


def _obstacle(stated: LatencyPart, found: MeasurementResult) -> str | None:
    """Why a measurement made here says nothing about the stated one."""
    then, now = stated.birthplace, BirthplacePart.model_validate(found.birthplace)
    if then.device_id != now.device_id:
        return f"it was timed on another device ({then.device}, {then.cpu})"
    if then.libraries != now.libraries:
        return f"it was timed with {then.libraries}, here is {now.libraries}"
    if then.reference_sha256 != now.reference_sha256:
        return "it was timed beside another reference model"
    return None


def _ratio(found: list[MeasurementResult]) -> float:
    return statistics.median(result.reference_ratio for result in found)


def _agrees(stated: LatencyPart, found: list[MeasurementResult], tolerance: float = TOLERANCE) -> bool:
    return abs(_ratio(found) / stated.reference_ratio - 1) <= tolerance


def _check(name: str, stated: LatencyPart, found: list[MeasurementResult], not_judged: str = "") -> Check:
    agrees = None if not_judged else _agrees(stated, found)
    ratio, median_ms = _ratio(found), statistics.median(result.median_ms for result in found)
    sentences = [
        f"{ratio:.3f} times the reference model's, the card says {stated.reference_ratio:.3f}",
        f"{median_ms:.4f} ms now, {stated.median_ms:.4f} ms then",
    ]
    if len(found) > 1:
        sentences.append(f"median of {len(found)} measurements, {sum(result.noisy for result in found)} of them noisy")
    if not_judged:
        sentences.append(not_judged)
    return Check(name, agrees, "; ".join(sentences), stated.reference_ratio, ratio, TOLERANCE)
