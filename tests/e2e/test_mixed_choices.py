"""A search whose space chooses rank, sharing, precision and zeros: one front that mixes them, down to its bundles."""

import json
from pathlib import Path
from typing import Any

import pytest

from nas_service.domain.states import SearchStatus
from search_spaces.packed import unpack
from tests.e2e.test_mixed_precision import _verification
from tests.support.service import RunningService
from tests.support.tiny import tiny_search, tiny_space

pytestmark = pytest.mark.e2e

OBJECTIVES = [{"metric": "accuracy"}, {"metric": "latency_ms", "target": 0}, {"metric": "packed_bytes"}]
OFFERED = {"rank": [1.0, 0.25], "share": [False, True], "precision": ["fp32", "int8"], "sparsity": [0.0, 0.75]}


def deep_space() -> dict[str, Any]:
    """Three stages of three blocks, all else as cheap as it can be."""
    space = tiny_space("rank")
    whole = {name: options for name, options in space["choices"].items() if not name.startswith("stage")}
    stages = {"kind": ["inverted"], "depth": [3], "kernel": [3], "expansion": [3], "squeeze_excite": [False]}
    stages |= {"stages": [3], "activation": ["relu"], "downsample": ["stride"]}
    return space | {"choices": whole | stages | OFFERED}


def test_one_front_mixes_rank_sharing_precision_and_zeros_and_its_bundles_agree_with_their_cards(
    service: RunningService, tmp_path: Path
) -> None:
    spec = tiny_search(
        space=deep_space(), objectives=OBJECTIVES, finalize={"remeasure": 0, "timings": 1}, budget={"candidates": 6}
    )
    ended = service.client.wait(service.client.submit(spec).id, poll_s=0.2, timeout_s=240.0)
    assert ended.status is SearchStatus.SUCCEEDED, ended.failure
    members = [service.client.candidate(m.candidate.id) for m in service.client.front(ended.id).members]
    chosen = {name.rpartition("_")[2] for member in members for name in member.architecture}
    assert chosen >= {"rank", "share", "precision", "sparsity"}, "defaults are not written down"
    for sparse in {True, False}:
        alike = [member for member in members if ("sparsity" in member.architecture) is sparse]
        member = min(alike, key=lambda m: m.metrics["packed_bytes"])
        bundle = service.client.download_bundle(member.id, tmp_path / member.id)
        packed = (bundle / "weights.packed").read_bytes()
        card = json.loads((bundle / "card.json").read_text())
        assert card["packed"]["size_bytes"] == len(packed) == member.metrics["packed_bytes"]
        pointwise = [t for name, t in unpack(packed).items() if t.ndim == 4 and t.shape[1] > 1]
        zeros = sum(int((t == 0).sum()) for t in pointwise) / sum(t.size for t in pointwise)
        assert (zeros > 0.6) is sparse
        assert (len(packed) < 3.5 * card["cost"]["params"]) is sparse, "dense ones take 4 bytes and more"
        checks = {check["name"]: check for check in _verification(bundle)["checks"]}
        wrong = [c for name, c in checks.items() if not name.startswith("latency") and c["agrees"] is not True]
        assert wrong == []
        assert {"weights.packed", "cost"} <= set(checks)
