"""One unit of latency for a whole search.

A latency is the ratio to the reference model, told in what the reference takes on an undisturbed host. What is known of
that host gets better, and a measurement told in a later version of it is some percent off an equal, earlier one. Within
a search nothing but the ratio may decide, so all of its latencies are told in the version that its first was told in.
"""

from collections.abc import Mapping
from dataclasses import replace

from nas_service.domain.entities import JsonDict, Measurement, Search

Baselines = Mapping[str, Mapping[str, float]]
"""By number of the target and device: the reference's latency in ms."""


def with_baseline_of(search: Search, measurement: Measurement) -> Baselines:
    """The search's baselines, with the measurement's own where it is the first of its target and device."""
    target, own = _target(search, measurement), measurement.result.get("baseline")
    known = search.baselines.get(target, {})
    if own is None or measurement.device_id in known:
        return search.baselines
    return {**search.baselines, target: {**known, measurement.device_id: own["reference_ms"]}}


def told(search: Search, measurement: Measurement) -> Measurement:
    """The measurement in the search's unit; as it is where it has none, or the search has none of its device."""
    reference_ms = search.baselines.get(_target(search, measurement), {}).get(measurement.device_id)
    own = measurement.result.get("baseline")
    if own is None or reference_ms is None or own["reference_ms"] == reference_ms:
        return measurement
    factor = reference_ms / own["reference_ms"]
    scaled: JsonDict = {
        name: None if (time_ms := measurement.result.get(name)) is None else time_ms * factor
        for name in ("median_ms", "ci95_low_ms", "ci95_high_ms")
    }
    result = measurement.result | scaled | {"baseline": own | {"reference_ms": reference_ms}}
    return replace(measurement, median_ms=measurement.median_ms * factor, result=result)


def _target(search: Search, measurement: Measurement) -> str:
    """Its number in the spec, as a key of JSON. A child is timed on a target of its search, at another precision."""
    targets = search.spec.targets
    if measurement.target in targets:
        return str(targets.index(measurement.target))
    precision = measurement.target.precision
    alike = [i for i, t in enumerate(targets) if t.model_copy(update={"precision": precision}) == measurement.target]
    return str(alike[0]) if alike else ""
