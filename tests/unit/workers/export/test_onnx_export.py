"""The exported file: torch's logits from raw pixels, self-describing, reproducible, its source untouched."""

import copy
import json
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

import search_spaces
from nas_service.domain.errors import PermanentError
from search_spaces.plan import NetworkInput
from tests.unit.workers.export.conftest import FACTS
from workers.export import ExportMismatchError, export_onnx


def run(path: Path, images: torch.Tensor) -> np.ndarray:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (logits,) = session.run(["logits"], {"pixels": images.numpy()})
    return np.asarray(logits)


def test_file_gives_the_networks_logits_from_raw_pixels_at_any_batch_size(
    network: nn.Module, images: torch.Tensor, tmp_path: Path
) -> None:
    path = tmp_path / "model.onnx"
    report = export_onnx(network, FACTS, images, path)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (FACTS.mean, FACTS.std))
    with torch.inference_mode():
        expected = network((images - mean) / std).numpy()
    for count in (1, 2, 5):
        np.testing.assert_allclose(run(path, images[:count]), expected[:count], atol=1e-5)
    assert 0 <= report.max_abs_error <= 1e-5
    assert report.file_bytes == path.stat().st_size


@pytest.mark.parametrize("name", search_spaces.names())
def test_networks_of_every_space_export_with_images_of_another_size_than_their_own(
    name: str, images: torch.Tensor, tmp_path: Path
) -> None:
    space = search_spaces.get(name)
    for architecture in space.sample(np.random.default_rng(0), 2):
        network = search_spaces.build(space, architecture, NetworkInput(3, 3))
        export_onnx(network, FACTS, images, tmp_path / "model.onnx")
        graph = onnx.load(tmp_path / "model.onnx").graph
        assert "BatchNormalization" not in {node.op_type for node in graph.node}


def test_batch_norm_is_folded_into_the_convolutions(network: nn.Module, images: torch.Tensor, tmp_path: Path) -> None:
    export_onnx(network, FACTS, images, tmp_path / "model.onnx")
    graph = onnx.load(tmp_path / "model.onnx").graph
    operators = [node.op_type for node in graph.node]
    assert "BatchNormalization" not in operators
    assert operators.count("Conv") == 3
    assert all(len(node.input) == 3 for node in graph.node if node.op_type == "Conv"), "each has its bias"


def test_file_describes_itself(network: nn.Module, images: torch.Tensor, tmp_path: Path) -> None:
    export_onnx(network, FACTS, images, tmp_path / "model.onnx")
    metadata = onnxruntime.InferenceSession(str(tmp_path / "model.onnx")).get_modelmeta().custom_metadata_map
    assert json.loads(metadata["classes"]) == ["cat", "dog", "fish"]
    assert json.loads(metadata["input_shape"]) == [3, 12, 12]
    assert json.loads(metadata["normalization"]) == {"mean": [0.5, 0.4, 0.3], "std": [0.2, 0.3, 0.25]}
    assert (metadata["space"], metadata["architecture_key"]) == ("toy", "abc123")
    assert metadata["producer"].startswith("nas-service ")


def test_same_network_gives_the_same_bytes_whatever_was_exported_between(
    network: nn.Module, images: torch.Tensor, tmp_path: Path
) -> None:
    first = export_onnx(network, FACTS, images, tmp_path / "first.onnx")
    export_onnx(nn.Sequential(nn.Flatten(1), nn.Linear(432, 3)), FACTS, images, tmp_path / "other.onnx")
    second = export_onnx(copy.deepcopy(network), FACTS, images[:2], tmp_path / "second.onnx")
    assert (tmp_path / "first.onnx").read_bytes() == (tmp_path / "second.onnx").read_bytes()
    assert first.sha256 == second.sha256


def test_model_handed_in_keeps_mode_weights_and_memory_format(
    network: nn.Module, images: torch.Tensor, tmp_path: Path
) -> None:
    network = network.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    network[3].eval()
    before = copy.deepcopy(network.state_dict())
    modes = [module.training for module in network.modules()]
    export_onnx(network, FACTS, images, tmp_path / "model.onnx")
    assert [module.training for module in network.modules()] == modes
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), name
        assert value.stride() == before[name].stride(), name
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_channels_last_and_contiguous_networks_export_to_the_same_bytes(
    network: nn.Module, images: torch.Tensor, tmp_path: Path
) -> None:
    plain = export_onnx(network, FACTS, images, tmp_path / "plain.onnx")
    channels_last = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    assert export_onnx(channels_last, FACTS, images, tmp_path / "last.onnx").sha256 == plain.sha256


class Unfaithful(nn.Module):
    """A network that tracing cannot capture: `spoil` does what the graph will not repeat."""

    def __init__(self, spoil: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.head = nn.Linear(432, 3)
        self.spoil = spoil

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.spoil(self.head(x.flatten(1)))


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda logits: logits + torch.rand_like(logits), id="random"),
        pytest.param(lambda logits: logits * float("nan"), id="nan"),
        pytest.param(lambda logits: logits + int(len(logits.tolist()) > 1), id="baked batch size"),
    ],
)
def test_file_that_disagrees_with_torch_is_refused_and_not_written(
    spoil: Callable[[torch.Tensor], torch.Tensor], images: torch.Tensor, tmp_path: Path
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", torch.jit.TracerWarning)
        with pytest.raises(ExportMismatchError, match="differ from torch") as caught:
            export_onnx(Unfaithful(spoil), FACTS, images, tmp_path / "model.onnx")
    assert isinstance(caught.value, PermanentError)
    assert list(tmp_path.iterdir()) == []


def test_warnings_of_the_network_itself_are_not_silenced(images: torch.Tensor, tmp_path: Path) -> None:
    network = Unfaithful(lambda logits: logits + int(logits.sum() > 1e6))
    with pytest.warns(torch.jit.TracerWarning):
        export_onnx(network, FACTS, images, tmp_path / "model.onnx")


@pytest.mark.parametrize(
    "wrong",
    [torch.zeros(1, 3, 12, 12), torch.zeros(2, 3, 12, 10), torch.zeros(2, 3, 12, 12, dtype=torch.uint8)],
)
def test_images_of_another_form_are_refused(network: nn.Module, wrong: torch.Tensor, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="images must be float32"):
        export_onnx(network, FACTS, wrong, tmp_path / "model.onnx")
