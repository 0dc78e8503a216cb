"""Factors give the layer back at full rank, the best of their rank below, and are kept only where that pays."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from nas_service.domain.compression.low_rank import LowRankOptions
from nas_service.domain.compression.prune_channels import PruneChannelsOptions
from nas_service.domain.errors import PermanentError
from tests.unit.workers.compression.networks import IMAGES, mixed_network
from workers.compression import Workbench
from workers.compression.factors import factored, is_factorable, spectra_of
from workers.compression.low_rank import low_rank
from workers.compression.network_cost import cost_of
from workers.compression.prune_channels import prune_channels
from workers.compression.ranks import full_ranks, ranks_by_energy
from workers.export import export_onnx
from workers.export.files import subject_of

LAYERS = [
    nn.Linear(12, 7),
    nn.Conv2d(12, 7, 1, stride=2),
    nn.Conv2d(6, 20, 3, stride=2, padding=1, bias=False),
    nn.Conv2d(12, 7, (3, 5), padding=(2, 4), dilation=2),
]


def _input(layer: nn.Module) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    if isinstance(layer, nn.Linear):
        return torch.rand(5, layer.in_features, generator=generator)
    return torch.rand(5, layer.in_channels, 9, 9, generator=generator)


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_at_full_ranks_the_factors_are_the_layer(layer: nn.Module) -> None:
    made = factored(layer, full_ranks(layer))
    torch.testing.assert_close(made(_input(layer)), layer(_input(layer)), rtol=1e-5, atol=1e-5)


def test_a_matrix_is_approximated_as_well_as_its_rank_allows() -> None:
    """The error is the root of the squares of the singular values left out (Eckart & Young)."""
    layer = nn.Linear(30, 20, bias=False)
    made = factored(layer, (6, 6))
    error = (made.expand.weight @ made.reduce.weight - layer.weight).norm()
    assert error.item() == pytest.approx(spectra_of(layer)[0][6:].norm().item(), rel=1e-5)


def test_a_kernel_of_low_rank_is_found_exactly() -> None:
    layer = nn.Conv2d(12, 16, 3, padding=1, bias=False)
    generator = torch.Generator().manual_seed(0)
    core, outputs, inputs = (torch.randn(*s, generator=generator) for s in ((4, 3, 3, 3), (16, 4), (12, 3)))
    layer.weight.data = torch.einsum("pqyx,op,iq->oiyx", core, outputs, inputs)
    assert ranks_by_energy(layer, 0.99999, 1) == (4, 3)
    torch.testing.assert_close(factored(layer, (4, 3))(_input(layer)), layer(_input(layer)), rtol=1e-4, atol=1e-4)


def test_a_rank_is_the_least_that_keeps_the_energy() -> None:
    layer = nn.Linear(4, 4, bias=False)
    layer.weight.data = torch.diag(torch.tensor([4.0, 2.0, 2.0, 1.0]))  # squares: 16, 4, 4, 1 of 25
    assert [ranks_by_energy(layer, energy, 1)[0] for energy in (0.6, 0.65, 0.8, 0.9, 1.0)] == [1, 2, 2, 3, 4]
    assert ranks_by_energy(layer, 0.6, 2)[0] == 2


def test_depthwise_layers_are_left_alone() -> None:
    assert not is_factorable(nn.Conv2d(8, 8, 3, groups=8))
    assert not is_factorable(nn.BatchNorm2d(8))


def test_without_a_clock_a_layer_is_kept_whole_unless_multiplications_are_saved(workbench: Workbench) -> None:
    network = mixed_network()
    made = low_rank(network, LowRankOptions(energy=1.0, epochs=0), workbench)
    assert made.facts["ranks"] == {}
    torch.testing.assert_close(made.network(IMAGES), network(IMAGES))
    made = low_rank(network, LowRankOptions(energy=0.5, epochs=0, divisor=4), workbench)
    assert made.facts["ranks"]
    assert made.facts["macs_share"] < 0.9
    assert cost_of(made.network, workbench.data).macs == made.facts["macs"]


def test_with_a_clock_it_decides(workbench: Workbench) -> None:
    """A target to which every layer costs a millisecond has no use for more of them."""

    def layers(network: nn.Module) -> float:
        return float(sum(is_factorable(module) for module in network.modules()))

    made = low_rank(mixed_network(), LowRankOptions(energy=0.5, epochs=0), replace(workbench, latency_ms=layers))
    assert made.facts["ranks"] == {}
    assert made.facts["judged_by"] == "latency_ms"


def test_a_timing_by_which_more_work_is_faster_is_not_believed(workbench: Workbench) -> None:
    bench = replace(workbench, latency_ms=lambda network: 1e9 / cost_of(network, workbench.data).params)
    made = low_rank(mixed_network(), LowRankOptions(energy=1.0, epochs=0), bench)
    assert made.facts["ranks"] == {}


def test_by_latency_the_largest_rank_that_pays_is_taken(workbench: Workbench) -> None:
    """Where a millisecond is a million multiply-accumulates, ranks go to the edge of the gain asked for."""
    bench = replace(workbench, latency_ms=lambda network: cost_of(network, workbench.data).macs / 1e6)
    options = LowRankOptions(rank_by="latency", least_gain=0.02, divisor=1, epochs=0)
    made = low_rank(mixed_network(), options, bench)
    assert 1 - made.facts["macs_share"] >= 0.02 * len(made.facts["ranks"]) > 0
    with pytest.raises(PermanentError, match="rank_by"):
        low_rank(mixed_network(), options, workbench)


def test_what_was_factorised_can_be_pruned_and_exported(workbench: Workbench, tmp_path: Path) -> None:
    factorised = low_rank(mixed_network(), LowRankOptions(energy=0.6, epochs=1, divisor=4), workbench)
    options = PruneChannelsOptions(macs_share=0.7, divisor=4, rounds=1, epochs=1)
    made = prune_channels(factorised.network, options, workbench)
    assert factorised.facts["ranks"]
    subject = subject_of(made.network, workbench.data, "mobilenet", "both")
    report = export_onnx(subject.network, subject.facts, subject.images(), tmp_path / "model.onnx")
    assert report.max_abs_error < 1e-4
