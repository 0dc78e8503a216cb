"""Steps that remove something take a network read back from an exported program, as a user's own is."""

import pytest
import torch
from torch import nn

from nas_service.domain.recipe import compressions
from tests.unit.workers.compression.conftest import TRAINING, trainer
from tests.unit.workers.compression.networks import mixed_network
from tests.unit.workers.training.samples import stripes
from workers.compression import Workbench
from workers.compression.exit_network import EarlyExit
from workers.compression.given import given_network
from workers.compression.registry import FUNCTIONS
from workers.export.files import subject_of
from workers.export.torch_program import export_pt2

FINE_TUNED = {"epochs": 1}


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> tuple[nn.Module, Workbench]:
    """The network with its normalisation inside, and a bench whose images have none."""
    data, path = stripes(), tmp_path_factory.mktemp("own") / "model.pt2"
    subject = subject_of(mixed_network(), data, "mobilenet", "own")
    export_pt2(subject.network, subject.facts, path)
    found = given_network(path, data)
    return found.network, Workbench(found.data, TRAINING, trainer(found.data))


@pytest.mark.parametrize(
    ("entry", "smaller"),
    [
        ({"prune-channels": {"divisor": 4, "rounds": 1, "macs_share": 0.6, **FINE_TUNED}}, True),
        ({"low-rank": {"energy": 0.5, "divisor": 4, **FINE_TUNED}}, True),
        ({"prune-weights": FINE_TUNED}, False),
        ({"lottery-ticket": {"rounds": 1}}, False),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_step_compresses_it(
    given: tuple[nn.Module, Workbench], entry: dict[str, dict[str, float]], smaller: bool
) -> None:
    network, bench = given
    (compression,) = compressions([entry])
    made = FUNCTIONS[compression.step.name](network, compression.options, bench)
    counts = [sum(int(p.count_nonzero()) for p in net.parameters()) for net in (network, made.network)]
    sizes = [sum(p.numel() for p in net.parameters()) for net in (network, made.network)]
    assert counts[1] < 0.8 * counts[0]
    assert (sizes[1] < sizes[0]) == smaller
    assert torch.isfinite(made.network(torch.rand(5, 3, 8, 8))).all()


def test_an_early_exit_is_put_into_it(given: tuple[nn.Module, Workbench]) -> None:
    network, bench = given
    (compression,) = compressions([{"early-exit": {"max_loss": 100, "positions": 1, "epochs": 1}}])
    made = FUNCTIONS[compression.step.name](network, compression.options, bench)
    assert isinstance(made.network, EarlyExit)
    images = torch.rand(5, 3, 8, 8)
    with torch.no_grad():
        torch.testing.assert_close(
            made.network.rest(*made.network.begin(images)), network(images), rtol=1e-4, atol=1e-5
        )
    assert list(made.files) == ["model.onnx"]
