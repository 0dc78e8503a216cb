"""The quantized file: int8 weights by channel, unsigned activations, near the network, the same again."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from torch import nn

from tests.unit.workers.export.conftest import FACTS
from workers.data.dataset import MemorySplit
from workers.export import export_onnx, onnx_int8
from workers.export.onnx_int8 import METHODS, Calibration, calibration_of, export_onnx_int8
from workers.export.onnx_int8 import _logits as logits_of


@pytest.fixture
def fp32(network: nn.Module, images: torch.Tensor, tmp_path: Path) -> Path:
    export_onnx(network, FACTS, images, tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


@pytest.fixture
def calibration() -> Calibration:
    rng = np.random.default_rng(0)
    drawn = rng.random((48, 3, 12, 12), dtype=np.float32)
    return Calibration(drawn[:32], drawn[32:])


def test_weights_are_int8_by_channel_and_activations_unsigned(fp32: Path, calibration: Calibration) -> None:
    path = fp32.with_name("model.int8.onnx")
    export_onnx_int8(fp32, calibration, path)
    graph = onnx.load(path).graph
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    convs = [node for node in graph.node if node.op_type == "Conv"]
    made_by = {output: node for node in graph.node for output in node.output}
    assert len(convs) == 3
    for conv in convs:
        weight = made_by[conv.input[1]]
        assert weight.op_type == "DequantizeLinear"
        assert values[weight.input[0]].dtype == np.int8
        assert values[weight.input[1]].shape == values[weight.input[0]].shape[:1], "a scale a channel"
    activations = [node for node in graph.node if node.op_type == "QuantizeLinear"]
    assert activations
    assert {values[node.input[2]].dtype for node in activations} == {np.dtype(np.uint8)}


def test_it_computes_nearly_what_the_fp32_file_does(fp32: Path, calibration: Calibration) -> None:
    path = fp32.with_name("model.int8.onnx")
    export_onnx_int8(fp32, calibration, path)
    expected = logits_of(fp32.read_bytes(), calibration.compared)
    error = logits_of(path.read_bytes(), calibration.compared) - expected
    assert 0 < np.square(error).mean() < np.square(expected - expected.mean(0)).mean() / 30


def test_the_method_with_the_smallest_error_is_kept(
    fp32: Path, calibration: Calibration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One pixel far outside of what all others are: a range that reaches to it is too coarse for them."""
    calibration.images[0, 0, 0, 0] = 60.0
    monkeypatch.setattr(onnx_int8, "ENOUGH", 0.0)
    expected = logits_of(fp32.read_bytes(), calibration.compared)
    chosen = export_onnx_int8(fp32, calibration, fp32.with_name("model.int8.onnx"))
    errors = {}
    for method in METHODS:
        monkeypatch.setattr(onnx_int8, "METHODS", (method,))
        path = fp32.with_name(f"{method.name}.onnx")
        export_onnx_int8(fp32, calibration, path)
        errors[method] = np.square(logits_of(path.read_bytes(), calibration.compared) - expected).mean()
    assert chosen is min(errors, key=lambda method: errors[method])
    assert len(set(errors.values())) > 1, "the case needs methods that differ"


def test_no_other_method_is_tried_where_the_first_is_good_enough(
    fp32: Path, calibration: Calibration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_int8, "METHODS", (METHODS[0], "no method"))
    monkeypatch.setattr(onnx_int8, "ENOUGH", np.inf)
    path = fp32.with_name("model.int8.onnx")
    assert export_onnx_int8(fp32, calibration, path) is METHODS[0]
    monkeypatch.setattr(onnx_int8, "ENOUGH", 0.0)
    with pytest.raises(ValueError, match="no method"):
        export_onnx_int8(fp32, calibration, path)


def test_every_layer_of_an_untrained_network_is_quantized(
    images: torch.Tensor, calibration: Calibration, tmp_path: Path
) -> None:
    """Its biases are all zero and the exporter keeps one of a length: such networks are timed to learn latencies."""
    network = nn.Sequential(
        *(nn.Sequential(nn.Conv2d(c, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU()) for c in (3, 8, 8)),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(1),
        nn.Linear(8, 3),
    ).eval()
    export_onnx(network, FACTS, images, tmp_path / "model.onnx")
    export_onnx_int8(tmp_path / "model.onnx", calibration, tmp_path / "model.int8.onnx")
    graph = onnx.load(tmp_path / "model.int8.onnx").graph
    made_by = {output: node.op_type for node in graph.node for output in node.output}
    layers = [node for node in graph.node if node.op_type in ("Conv", "Gemm")]
    assert [made_by.get(layer.input[2]) for layer in layers] == ["DequantizeLinear"] * 4
    assert len({layer.input[2] for layer in layers}) == 4


def test_the_same_file_and_images_give_the_same_bytes(fp32: Path, calibration: Calibration) -> None:
    paths = [fp32.with_name(f"{n}.onnx") for n in range(2)]
    for path in paths:
        export_onnx_int8(fp32, calibration, path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_it_says_of_itself_what_the_fp32_file_says_and_how_it_was_calibrated(
    fp32: Path, calibration: Calibration
) -> None:
    path = fp32.with_name("model.int8.onnx")
    method = export_onnx_int8(fp32, calibration, path)
    said = {prop.key: prop.value for prop in onnx.load(path).metadata_props}
    assert said["architecture_key"] == FACTS.architecture_key
    assert said["calibration"] == f"{method.name.lower()} on 32 training images"


def test_nothing_is_printed(fp32: Path, calibration: Calibration, capfd: pytest.CaptureFixture[str]) -> None:
    export_onnx_int8(fp32, calibration, fp32.with_name("model.int8.onnx"))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("count", [3, 200, 1000])
def test_methods_are_compared_on_images_that_no_range_was_learnt_from(count: int) -> None:
    numbered = (torch.arange(count) % 256).to(torch.uint8).view(-1, 1, 1, 1) + torch.zeros(
        1, 1, 4, 4, dtype=torch.uint8
    )
    numbered[:, :, 0, 0] = (torch.arange(count) // 256).to(torch.uint8).view(-1, 1)
    split = MemorySplit(numbered, torch.zeros(count, dtype=torch.int64))
    found = calibration_of(split)
    learnt, compared = ({image.tobytes() for image in part} for part in (found.images, found.compared))
    assert learnt.isdisjoint(compared)
    assert (len(found.images), len(found.compared)) == {3: (2, 1), 200: (134, 66), 1000: (256, 128)}[count]
    again = calibration_of(split)
    assert np.array_equal(again.images, found.images)
