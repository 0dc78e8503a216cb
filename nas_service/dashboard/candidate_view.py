"""What the page of a candidate shows: its document, network, splits, timings, and how to load it."""

from dataclasses import asdict
from typing import Any

import search_spaces
from nas_service.api.converters import candidate_detail
from nas_service.api.routes.artifacts import BUNDLE
from nas_service.domain.entities import Measurement, Search
from nas_service.domain.errors import ConflictError
from nas_service.domain.recipe_check import name_of
from nas_service.domain.states import CandidateStatus
from nas_service.units import change_text, heading, metric_text
from nas_service.use_cases import queries
from nas_service.use_cases.drawing import plan_of
from nas_service.use_cases.figures.block_times import block_times
from nas_service.use_cases.figures.latencies import PACKED, histogram
from nas_service.use_cases.ports import UnitOfWork
from nas_service.use_cases.queries import CandidateView
from nas_service.use_cases.standing import StandingOf
from nas_service.wire.candidates import CandidateDetail, ComparedInfo
from search_spaces.drawing import words

BADGES = {
    CandidateStatus.COMPLETED: "good",
    CandidateStatus.FAILED: "bad",
    CandidateStatus.INFEASIBLE: "warn",
    CandidateStatus.EVALUATING: "running",
    CandidateStatus.PROFILING: "running",
    CandidateStatus.PAUSED: "warn",
}

LOAD_BUNDLE = """\
from search_spaces import load

# bundle.zip, unpacked
network = load("{id}")
logits = network(images)  # pixels in [0, 1], N x {channels} x height x width"""

RUN_MODEL = """\
import onnxruntime

session = onnxruntime.InferenceSession("model.onnx")
(logits,) = session.run(None, {{session.get_inputs()[0].name: images}})"""


def candidate_view(uow: UnitOfWork, candidate_id: str, standing_of: StandingOf) -> dict[str, Any]:
    """The template's variables. Raises NotFoundError."""
    found = queries.candidate(uow, candidate_id)
    search = uow.searches.get(found.candidate.search_id)
    candidate = candidate_detail(found)
    return {
        "candidate": candidate,
        "search": search,
        "badge": BADGES.get(candidate.status, ""),
        "on_front": candidate_id in standing_of(uow, search).member_ids,
        "names": {key: _name(key, len(search.spec.targets)) for key in candidate.metrics},
        "plan": _plan(uow, candidate_id),
        "times": block_times(uow, search, found.candidate),
        "words": words,
        "bundle": next((file for file in candidate.artifacts if file.name == BUNDLE), None),
        "accuracies": _accuracies(found),
        "snippet": _snippet(found, search),
        "descents": _descents(candidate, len(search.spec.targets)),
        "initial": {
            "curve": (found.evaluation.result.get("curve") or []) if found.evaluation else [],
            "measurements": [_measurement(m) for m in found.measurements],
        },
    }


def _descents(candidate: CandidateDetail, target_count: int) -> list[dict[str, Any]]:
    """Of a child its comparison with its parent, of a parent those of its children; each with its rows."""
    found = [(child.id, child.number, child.lineage) for child in candidate.children]
    found += [(candidate.id, candidate.number, candidate.lineage)] if candidate.lineage else []
    return [
        {
            "child_id": child_id,
            "child_number": number,
            "lineage": lineage,
            "steps": ", ".join(map(name_of, lineage.recipe)),
            "rows": [_descent_row(key, compared, target_count) for key, compared in lineage.comparison.items()],
        }
        for child_id, number, lineage in found
        if lineage is not None
    ]


def _descent_row(key: str, compared: ComparedInfo, target_count: int) -> dict[str, str]:
    before, after = compared.parent, compared.child
    return {
        "name": heading(key, target_count),
        "parent": metric_text(key, before),
        "child": metric_text(key, after),
        "change": change_text(key, before, after),
    }


def _name(key: str, target_count: int) -> str:
    name = heading(key, target_count)
    return name[0].upper() + name[1:]


def _plan(uow: UnitOfWork, candidate_id: str) -> search_spaces.NetworkPlan | None:
    try:
        return plan_of(uow, candidate_id)
    except ConflictError:
        return None


def _accuracies(found: CandidateView) -> list[dict[str, Any]]:
    """A row a split: which images the accuracy was taken on, and what training it is worth."""
    rows = []
    if found.evaluation:
        fidelity = found.evaluation.fidelity
        training = {"epochs": fidelity.get("epochs", "–"), "seed": fidelity.get("seed", "–")}
        images = fidelity.get("validation_samples", "–")
        for rung in found.candidate.rungs[:-1]:
            at = {"split": "validation, at a rung", "accuracy": rung.accuracy, "images": images}
            rows.append(at | training | {"epochs": rung.epochs})
        rows.append({"split": "validation", "accuracy": found.evaluation.accuracy, "images": images, **training})
        for export in found.evaluation.exports:
            if export.format.is_quantized and export.validation_accuracy is not None:
                split = f"validation, {export.format.file_name}"
                rows.append({"split": split, "accuracy": export.validation_accuracy, "images": images, **training})
        if found.candidate.final and "test_accuracy" in found.candidate.final:
            final = found.candidate.final
            for name, tested in final.get("files", {"": final}).items():
                split, images = f"test, once, {name}".rstrip(", "), tested.get("test_samples", "–")
                rows.append({"split": split, "accuracy": tested["test_accuracy"], "images": images, **training})
    return rows


def _snippet(found: CandidateView, search: Search) -> str:
    if found.candidate.final is None:
        return RUN_MODEL.format()
    channels = search.dataset.channels if search.dataset else "channels"
    return LOAD_BUNDLE.format(id=found.candidate.id, channels=channels)


def _measurement(measurement: Measurement) -> dict[str, Any]:
    """Its samples as a histogram: they are many, and a picture of them is not."""
    spread = histogram(measurement.result)
    return {
        "id": measurement.id,
        "target": measurement.target.model_dump(mode="json"),
        "noisy": measurement.noisy,
        "created_at": measurement.created_at.isoformat(),
        "histogram": asdict(spread) if spread else None,
        "result": {key: value for key, value in measurement.result.items() if key not in PACKED},
    }
