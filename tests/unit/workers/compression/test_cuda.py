"""What a 2:4 pattern does on an NVIDIA GPU; skipped where there is none."""

import pytest
import torch
from torch import nn

from workers.compression.masks import apply_masks, pattern_masks, prunable
from workers.compression.semi_structured import semi_structured_facts

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no NVIDIA GPU")


def test_linear_layers_with_the_pattern_are_timed_sparse_and_dense() -> None:
    network = nn.Sequential(nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10)).cuda()
    apply_masks(network, pattern_masks(prunable(network), 2, 4))
    facts = semi_structured_facts(network)
    if "skipped" in facts:
        assert "sparse tensor cores" in facts["skipped"]
    else:
        assert facts["layers"] == 1
        assert facts["dense_ms"] > 0
        assert facts["sparse_ms"] > 0


def test_layers_without_the_pattern_are_not_timed() -> None:
    assert "pattern" in semi_structured_facts(nn.Linear(128, 128).cuda())["skipped"]
