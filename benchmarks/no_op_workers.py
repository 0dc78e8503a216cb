"""Does the work of a search without training or timing: made-up results that depend on the architecture alone.

For tests and benchmarks of orchestration, where what a candidate is worth does not matter.
"""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import asdict

from nas_service.bootstrap import bootstrap
from nas_service.domain.entities import (
    SUPERNET_FILE,
    TRAIN_QUEUE,
    Candidate,
    Export,
    JsonDict,
    WorkItem,
    WorkKind,
    profile_queue,
)
from nas_service.domain.executed import as_executed, formats_of
from nas_service.domain.formats import ModelFormat
from nas_service.domain.spec import SearchSpec
from nas_service.use_cases import work
from nas_service.use_cases.advance import advance
from nas_service.use_cases.ports import Memories, Store
from nas_service.use_cases.queries import StatusView, status

QUEUES = (TRAIN_QUEUE, profile_queue("local"))
LEASE_S = 60.0
POLL_S = 0.1
"""As the real workers look."""
DIGITS = {
    "fingerprint": "f" * 64,
    "classes": [str(i) for i in range(10)],
    "channels": 1,
    "height": 8,
    "width": 8,
    "summary": {"splits": {"train": {"count": 1257}, "validation": {"count": 270}, "test": {"count": 270}}},
}


def unit(text: str) -> float:
    """A number in [0, 1) that follows from `text`."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6]) / 2**48


def made_up_result(spec: SearchSpec, item: WorkItem, candidate: Candidate | None) -> JsonDict:
    """What a worker would answer."""
    if item.kind is WorkKind.PREPARE:
        preset = "tiny" if spec.space.preset == "auto" else spec.space.preset
        space = {"name": spec.space.name, "preset": preset, "choices": spec.space.choices, "size": "1"}
        return {"dataset": DIGITS, "space": space}
    if item.kind is WorkKind.SUPERNET:
        artifact = {"sha256": hashlib.sha256(item.id.encode()).hexdigest(), "size_bytes": 1, "media_type": "a/b"}
        accuracies = dict.fromkeys(("largest_accuracy", "smallest_accuracy", "validation_accuracy"), 0.5)
        epochs = spec.strategy.supernet.epochs
        return {"epochs": epochs, "duration_s": 1.0, "curve": [accuracies], "artifacts": {SUPERNET_FILE: artifact}}
    if item.kind is WorkKind.COMPARE:
        worth = unit(str(item.payload["architecture"]))
        return {**item.payload, "inherited": 0.9 * worth, "scratch": worth}
    if item.kind is WorkKind.FIT:
        return {"predictors": []}
    assert candidate is not None
    key = candidate.architecture_key
    epochs = item.payload.get("epochs", spec.training.epochs)
    model = hashlib.sha256(f"{key} {epochs} {item.payload.get('final', False)}".encode()).hexdigest()
    if item.kind is WorkKind.EVALUATE:
        return {
            "accuracy": round((0.5 + 0.5 * unit(key)) * (epochs / spec.training.epochs) ** 0.1, 4),
            "fidelity": {"epochs": epochs},
            **_made_up_exports(model, as_executed(spec, candidate).formats),
            "result": {"weights_sha256": model, "curve": [], "duration_s": 1.0},
        }
    if item.kind is WorkKind.EXPORT:
        return _made_up_exports(model, [ModelFormat(name) for name in item.payload["formats"]])
    if item.kind is WorkKind.COMPRESS:
        cost = {"macs": round(1e6 * unit(key)), "params": 100, "size_bytes": 100}
        return {
            "accuracy": round(unit(f"accuracy {key}"), 4),
            "fidelity": {"epochs": epochs},
            **_made_up_exports(model, formats_of(spec, candidate)),
            "result": {"weights_sha256": model, "curve": [], "duration_s": 1.0, "cost": cost},
        }
    latency_ms = 0.01 + candidate.metrics["macs"] / 1e6 * (0.5 + unit(f"latency {key}"))
    if item.kind is WorkKind.PROFILE:
        return {"device_id": "device", "median_ms": latency_ms, "peak_memory_mib": 1.0, "noisy": False}
    bundle = {"sha256": model, "size_bytes": 1, "media_type": "application/zip"}
    final = {
        "bundle": model,
        "validation_accuracy": candidate.metrics["accuracy"],
        "test_accuracy": 0.5,
        "latency": {str(target): {"median_ms": latency_ms, "noisy": False} for target in range(len(spec.targets))},
    }
    return {"artifacts": {"bundle.zip": bundle}, "final": final}


def _made_up_exports(model: str, formats: Sequence[ModelFormat]) -> JsonDict:
    """Files of accuracies that differ by format, as those of quantized networks do."""
    exports, artifacts = [], {}
    for form in formats:
        sha256 = model if form is ModelFormat.ONNX else hashlib.sha256(f"{model} {form}".encode()).hexdigest()
        accuracy = round(0.5 + 0.5 * unit(sha256), 4)
        exports.append(asdict(Export(form, sha256, 1, 0.0, accuracy)))
        artifacts[form.file_name] = {"sha256": sha256, "size_bytes": 1, "media_type": form.media_type}
    return {"exports": exports, "artifacts": artifacts}


def claim(store: Store) -> WorkItem | None:
    """The next item."""
    return work.claim(store, QUEUES, "no-op", LEASE_S)


def finish(store: Store, item: WorkItem) -> bool:
    """Answer an item. False: its lease was lost."""
    with store.read() as uow:
        spec = uow.searches.get(item.search_id).spec
        candidate = uow.candidates.get(item.candidate_id) if item.candidate_id else None
    return work.complete(store, item, made_up_result(spec, item, candidate))


def work_until_killed() -> None:
    """A polling worker, configured as all processes are."""
    store = bootstrap().store
    while True:
        item = claim(store)
        if item is None:
            time.sleep(POLL_S)
        else:
            finish(store, item)


def run_to_end(store: Store, memories: Memories, search_id: str, max_rounds: int = 10_000) -> StatusView:
    """Advance and work in turns until nothing is left to do."""
    for _ in range(max_rounds):
        advance(store, memories, search_id)
        item = claim(store)
        if item is None:
            with store.read() as uow:
                return status(uow, search_id)
        finish(store, item)
    raise AssertionError(f"{search_id} did not end in {max_rounds} rounds")


if __name__ == "__main__":
    work_until_killed()
