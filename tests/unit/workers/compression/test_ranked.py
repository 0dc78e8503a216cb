"""Every step of a recipe takes networks whose 1 x 1 convolutions are factors already."""

from dataclasses import replace

import pytest
import torch

from nas_service.domain.compression.low_rank import LowRankOptions
from nas_service.domain.compression.prune_channels import PruneChannelsOptions
from nas_service.domain.compression.prune_weights import PruneWeightsOptions
from nas_service.domain.compression.quantize_aware import QuantizeAwareOptions
from nas_service.domain.compression.self_compress import SelfCompressOptions
from search_spaces import build, get
from search_spaces.blocks import LowRank
from tests.unit.workers.compression.networks import IMAGES, INPUT, architecture
from workers.compression import Workbench
from workers.compression.network_cost import cost_of
from workers.compression.registry import FUNCTIONS

STEPS = {
    "prune-channels": PruneChannelsOptions(importance="bn-scale", macs_share=0.7, divisor=4, rounds=1, epochs=1),
    "low-rank": LowRankOptions(rank_by="energy", energy=0.8, divisor=2, epochs=0),
    "prune-weights": PruneWeightsOptions(sparsity=0.5, epochs=1),
    "quantize-aware": QuantizeAwareOptions(epochs=1),
    "self-compress": SelfCompressOptions(epochs=1),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_takes_a_network_of_low_rank_and_leaves_no_more_of_it(step: str, workbench: Workbench) -> None:
    space = get("mobilenet", "tiny", {"rank": [1.0, 0.25]})
    ranks = {f"stage{number}_rank": 0.25 for number in (1, 2, 3)}
    torch.manual_seed(0)
    network = build(space, space.canonical({**architecture().values, **ranks}), INPUT).eval()
    assert sum(isinstance(module, LowRank) for module in network.modules()) >= 6
    bench = replace(workbench, training=workbench.training.model_copy(update={"epochs": 1}))
    made = FUNCTIONS[step](network, STEPS[step], bench)
    logits = made.network(IMAGES)
    assert logits.shape == (len(IMAGES), INPUT.class_count)
    assert logits.isfinite().all()
    assert cost_of(made.network, bench.data).macs <= cost_of(network, bench.data).macs
