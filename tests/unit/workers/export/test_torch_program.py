"""The exported torch program: torch's logits from raw pixels at any batch size, reproducible, free of code."""

import copy
from pathlib import Path

import numpy as np
import torch
from torch import nn

from nas_service.domain.formats import ModelFormat
from tests.unit.workers.export.conftest import FACTS
from workers.export.exported import ExportedModel
from workers.export.torch_program import export_pt2
from workers.profiling.runtimes.torch_program import refuse_code


def test_it_gives_the_networks_logits_from_raw_pixels_at_any_batch_size(
    network: nn.Module, images: torch.Tensor, tmp_path: Path
) -> None:
    export_pt2(network, FACTS, tmp_path / "model.pt2")
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (FACTS.mean, FACTS.std))
    with torch.inference_mode():
        expected = network((images - mean) / std).numpy()
    program = ExportedModel(tmp_path / "model.pt2", ModelFormat.PT2)
    for count in (1, 2, 5):
        np.testing.assert_allclose(program.logits(images[:count].numpy()), expected[:count], atol=1e-5)


def test_the_same_network_gives_the_same_bytes_and_nothing_else_is_left(network: nn.Module, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        export_pt2(copy.deepcopy(network), FACTS, tmp_path / folder / "model.pt2")
        assert [path.name for path in (tmp_path / folder).iterdir()] == ["model.pt2"]
    assert (tmp_path / "one" / "model.pt2").read_bytes() == (tmp_path / "two" / "model.pt2").read_bytes()


def test_it_can_be_read_without_executing_what_it_brings_along(network: nn.Module, tmp_path: Path) -> None:
    export_pt2(network, FACTS, tmp_path / "model.pt2")
    refuse_code(tmp_path / "model.pt2")


def test_the_network_handed_in_stays_as_it_is(network: nn.Module, tmp_path: Path) -> None:
    network.train()
    before = copy.deepcopy(network.state_dict())
    export_pt2(network, FACTS, tmp_path / "model.pt2")
    assert network.training
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), name
