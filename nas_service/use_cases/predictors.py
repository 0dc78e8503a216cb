"""Which latency predictors there are, and whether what they say still holds."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

import search_spaces
from nas_service.domain.entities import Device
from nas_service.domain.predictors import Birthplace, Predictor, Subject, Timed
from nas_service.domain.spec import LOCAL_DEVICE, TargetSpec
from nas_service.latency.evidence import Evidence
from nas_service.latency.fit import MODEL_VERSION
from nas_service.latency.networks import networks_of
from nas_service.use_cases.ports import UnitOfWork

OF_THE_HARNESS = frozenset({"python", "numpy"})
"""Versions that every measurement names and no latency depends on."""


@dataclass(frozen=True, slots=True)
class PredictorView:
    """A predictor, and why it is not used any more (None: it is)."""

    predictor: Predictor
    outdated: str | None


def view(uow: UnitOfWork, predictor: Predictor, tenant: str) -> PredictorView:
    """The predictor beside the devices as they are now."""
    return PredictorView(predictor, outdated(predictor, uow.workers.devices(tenant)))


def outdated(predictor: Predictor, devices: Sequence[Device]) -> str | None:
    """Why its model cannot be read, or the latencies of its target are not what was measured; None where all holds.

    A device that is away has not changed. What was imported was not measured here, and does not expire.
    """
    born, target = predictor.birthplace, predictor.target
    if born is None:
        return None
    if not has_known_model(predictor):
        return "it was made by another version of this service: the next search with this target makes it again"
    reasons = [_changed(born, target, device.description) for device in devices if _is_named(device, target.device)]
    return None if None in reasons or not reasons else reasons[-1]


def has_known_model(predictor: Predictor) -> bool:
    """Whether this version reads its model; the format of imported tables does not change."""
    return predictor.birthplace is None or predictor.report.get("model_version") == MODEL_VERSION


def _is_named(device: Device, name: str) -> bool:
    if name == LOCAL_DEVICE:
        return not device.remote
    return device.remote and device.description["name"] == name


def _changed(born: Birthplace, target: TargetSpec, now: Mapping[str, object]) -> str | None:
    if now["id"] != born.device_id:
        return f"it was measured on device {born.device_id}, and {target.device} is {now['id']} now: profile it again"
    runtimes = now.get("runtimes")
    facts = runtimes.get(target.runtime, {}) if isinstance(runtimes, Mapping) else {}
    if not facts.get("available", False):
        return f"{target.runtime} is not available on {target.device} any more"
    for library, version in facts.get("versions", {}).items():
        before = born.versions.get(library)
        if before != version:
            return f"{library} was {before} when it was measured and is {version} now: profile it again"
    return None


def of_one_birthplace(timed: Sequence[Timed]) -> list[Timed]:
    """Of measurements, oldest first, those that were taken where and with what the newest was taken, told in its unit.

    Of each network the most precise one: one that came twice would be in both what is fitted and what is held out.
    """
    found: dict[str, Timed] = {}
    for one in timed:
        if not _same(one.birthplace, timed[-1].birthplace):
            continue
        key = json.dumps(one.architecture, sort_keys=True)
        if key not in found or one.relative_error <= found[key].relative_error:
            found[key] = one.told_in(timed[-1].reference_ms)
    return list(found.values())


def evidence_of(subject: Subject, timed: Sequence[Timed]) -> Evidence:
    """Measurements as a predictor is fitted on them."""
    space = _space_of_all(subject, timed)
    architectures = [space.canonical(one.architecture) for one in timed]
    data = search_spaces.NetworkInput(subject.channels, subject.class_count)
    side = (subject.height, subject.width)
    return Evidence(
        networks_of(space, space.to_indices(architectures), data, side),
        np.array([one.median_ms for one in timed]),
        np.array([one.relative_error for one in timed]),
    )


def _space_of_all(subject: Subject, timed: Sequence[Timed]) -> search_spaces.SearchSpace:
    """The preset, extended by the options of searches that went beyond it."""
    declared = search_spaces.get(subject.space, subject.preset)
    options = {choice.name: set(choice.options) for choice in declared.choices}
    extended = {}
    for choice in declared.declare(subject.preset):
        seen = {one.architecture[choice.name] for one in timed if choice.name in one.architecture}
        if seen - options.get(choice.name, set()):
            extended[choice.name] = list(dict.fromkeys([*choice.options, *sorted(seen)]))
    return search_spaces.get(subject.space, subject.preset, extended) if extended else declared


def _same(one: Birthplace, other: Birthplace) -> bool:
    return one.device_id == other.device_id and _deciding(one.versions) == _deciding(other.versions)


def _deciding(versions: Mapping[str, str]) -> dict[str, str]:
    return {library: version for library, version in versions.items() if library not in OF_THE_HARNESS}
