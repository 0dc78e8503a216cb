"""A network that rounds, and its file: the same scales, the same whole numbers, the same logits."""

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper
from torch import fx, nn

from search_spaces.normalise import Normalised
from tests.unit.workers.compression.small_networks import SHAPE, images, small_network
from workers.compression.calibration import calibrate, range_of, rounding_off, sqnr_db
from workers.compression.quantized import folded_graph, quantized_network, round_weights, weighted_layers
from workers.compression.quantizers import ActivationQuantizer, WeightQuantizer
from workers.compression.rounded_file import rounded_file, without_rounding
from workers.compression.sensitivity import fewest_excluded, sensitivities_db, slow_in_int8
from workers.export import ExportFacts

CLASSES = tuple("abcde")
FACTS = ExportFacts(CLASSES, *SHAPE, mean=(0.4,) * 3, std=(0.25,) * 3, space="", architecture_key="")


def calibrated(excluded: tuple[str, ...] = ()) -> fx.GraphModule:
    network = quantized_network(folded_graph(small_network(), SHAPE), excluded)
    calibrate(network, images(64), images(32, seed=2), ("min-max",))
    return network


def run(content: bytes, pixels: np.ndarray, optimized: Path | None = None) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if optimized:
        options.optimized_model_filepath = str(optimized)
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    (logits,) = session.run(None, {"pixels": pixels})
    return np.asarray(logits)


@torch.no_grad()
def logits_of(network: nn.Module, pixels: np.ndarray) -> np.ndarray:
    return Normalised(network, FACTS.mean, FACTS.std).eval()(torch.from_numpy(pixels)).numpy()


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(3).random((16, *SHAPE), dtype=np.float32)


def test_without_rounding_it_computes_what_the_network_did() -> None:
    network, x = calibrated(), images(8)
    with rounding_off(network):
        torch.testing.assert_close(network(x), small_network()(x), atol=1e-5, rtol=1e-5)
    assert 20 < sqnr_db(network, x) < 60


def test_a_layer_that_runs_twice_is_stored_once(pixels: np.ndarray) -> None:
    once = small_network()
    repeated = nn.Sequential(
        once.stem, once.expand, once.project, once.expand, once.pool, nn.Flatten(), nn.Linear(12, 5)
    )
    network = quantized_network(folded_graph(repeated.eval(), SHAPE))
    calibrate(network, images(64), images(32, seed=2), ("min-max",))
    content = rounded_file(network, FACTS)
    weights = [t for t in onnx.load_from_string(content).graph.initializer if t.data_type == onnx.TensorProto.INT8]
    assert len(weights) == 4
    np.testing.assert_allclose(run(content, pixels), logits_of(network, pixels), atol=0.05)


def test_the_file_computes_what_the_network_does_with_rounding(pixels: np.ndarray) -> None:
    network = calibrated()
    expected = logits_of(network, pixels)
    error = run(rounded_file(network, FACTS), pixels) - expected
    rounding = expected - logits_of(small_network(), pixels)
    assert np.abs(error).mean() < 0.1 * np.abs(rounding).mean(), (
        "but for ties, which two runtimes may round differently"
    )


def test_the_file_carries_the_networks_own_scales() -> None:
    network = calibrated()
    quantizers = [m for m in network.modules() if isinstance(m, ActivationQuantizer)]
    with torch.no_grad():
        for number, quantizer in enumerate(quantizers):
            quantizer.log_scale.add_(0.01 * number)
    graph = onnx.load_from_string(rounded_file(network, FACTS)).graph
    constants = {
        n.output[0]: onnx.helper.get_node_attr_value(n, "value") for n in graph.node if n.op_type == "Constant"
    }
    constants |= {tensor.name: tensor for tensor in graph.initializer}
    found = {
        (numpy_helper.to_array(constants[node.input[1]]).item(), numpy_helper.to_array(constants[node.input[2]]).item())
        for node in graph.node
        if node.op_type == "QuantizeLinear"
    }
    assert found == {(quantizer.scale.item(), quantizer.zero_point.item()) for quantizer in quantizers}


def test_onnxruntime_computes_its_layers_in_integers(pixels: np.ndarray, tmp_path: Path) -> None:
    run(rounded_file(calibrated(), FACTS), pixels, tmp_path / "optimized.onnx")
    operators = Counter(node.op_type for node in onnx.load(tmp_path / "optimized.onnx").graph.node)
    assert operators["QLinearConv"] == 7
    assert operators["Conv"] + operators["FusedConv"] == 0
    assert operators["QLinearAdd"] == 1


def test_layers_left_out_stay_in_fp32(pixels: np.ndarray, tmp_path: Path) -> None:
    network = calibrated(("depthwise.conv", "se.reduce", "se.expand"))
    run(rounded_file(network, FACTS), pixels, tmp_path / "optimized.onnx")
    operators = Counter(node.op_type for node in onnx.load(tmp_path / "optimized.onnx").graph.node)
    assert operators["QLinearConv"] == 4
    assert operators["Conv"] + operators["FusedConv"] == 3


def test_depthwise_convolutions_and_gates_are_known_as_slow_in_int8() -> None:
    assert slow_in_int8(calibrated()) == ["depthwise.conv", "se.reduce", "se.expand"]


@pytest.mark.parametrize("bits", [8, 4])
def test_weights_alone_are_stored_as_whole_numbers_and_computed_with_in_fp32(bits: int, pixels: np.ndarray) -> None:
    network = folded_graph(small_network(), SHAPE)
    for layer in weighted_layers(network).values():
        round_weights(layer, bits)
    content = rounded_file(network, FACTS)
    np.testing.assert_allclose(run(content, pixels), logits_of(network, pixels), atol=2e-5)
    np.testing.assert_allclose(logits_of(without_rounding(network), pixels), logits_of(network, pixels), atol=1e-6)
    graph = onnx.load_from_string(content).graph
    kind = onnx.TensorProto.INT8 if bits == 8 else onnx.TensorProto.INT4
    stored = [tensor for tensor in graph.initializer if tensor.data_type == kind]
    count = sum(layer.weight.numel() for layer in weighted_layers(folded_graph(small_network(), SHAPE)).values())
    assert sum(len(tensor.raw_data) for tensor in stored) == pytest.approx(count * bits / 8, abs=len(stored))


def test_a_weight_is_rounded_by_the_largest_of_its_channel() -> None:
    weight = torch.tensor([[1.27, 0.013, -0.004], [0.0254, -0.0002, 0.0]])
    rounded = WeightQuantizer(8)(weight)
    torch.testing.assert_close(rounded, torch.tensor([[1.27, 0.01, 0.0], [0.0254, -0.0002, 0.0]]))


def test_zero_is_representable_whatever_the_range() -> None:
    quantizer = ActivationQuantizer()
    for low, high in ((0.5, 3.0), (-2.0, -1.0), (-0.3, 0.7), (0.0, 0.0)):
        quantizer.set_range(low, high)
        assert quantizer(torch.zeros(3)).tolist() == [0, 0, 0]


def test_scales_are_learned_by_what_rounding_costs() -> None:
    quantizer = ActivationQuantizer().train()
    quantizer.set_range(0, 25.5)
    x = torch.linspace(0, 2.55, 1000).reshape(10, 100)
    before = (quantizer(x) - x).square().mean()
    optimizer = torch.optim.Adam(quantizer.parameters(), lr=0.05)
    for _ in range(100):
        optimizer.zero_grad()
        torch.autograd.backward((quantizer(x) - x).square().mean() * 1000)
        optimizer.step()
    assert (quantizer(x) - x).square().mean() < before / 10
    assert 0.005 < quantizer.scale.item() < 0.02, "0.01 holds them all, 0.1 is where it began"


def test_min_max_keeps_outliers_percentile_cuts_by_number_and_mse_by_worth() -> None:
    generator = torch.Generator().manual_seed(0)
    values = torch.cat([torch.randn(200_000, generator=generator), torch.tensor([8.0, -8.0])])
    assert range_of(values, "min-max") == (-8, 8)
    low, high = range_of(values, "percentile")
    assert (low, high) == pytest.approx((-3.7, 3.7), abs=0.2), "0.01 % of a normal distribution is beyond"
    low, high = range_of(values, "mse")
    assert (low, high) == pytest.approx((-4.5, 4.5), abs=1)


def test_a_layer_with_an_outlier_is_the_most_sensitive() -> None:
    network = small_network()
    with torch.no_grad():
        network.project.conv.weight[:, 0] *= 200
        network.depthwise.bn.weight[0] /= 200
        network.depthwise.bn.bias[0] /= 200
    rounded = quantized_network(folded_graph(network, SHAPE))
    calibrate(rounded, images(64), images(32, seed=2), ("min-max",))
    found = sensitivities_db(rounded, images(32, seed=2))
    assert set(found) == set(weighted_layers(rounded))
    assert min(found, key=found.__getitem__) == "project.conv"


def test_as_few_layers_are_excluded_as_suffice() -> None:
    order = list("abcdefg")
    asked: list[int] = []

    def good(excluded: object) -> bool:
        asked.append(len(excluded))  # type: ignore[arg-type]
        return len(excluded) >= 3  # type: ignore[arg-type]

    assert fewest_excluded(order, good) == ["a", "b", "c"]
    assert len(asked) <= 3
    assert fewest_excluded(order, lambda excluded: False) == order
    assert fewest_excluded(order, lambda excluded: True) == []


def test_layers_with_equal_biases_have_them_stored_once_and_are_still_computed_in_integers(
    pixels: np.ndarray, tmp_path: Path
) -> None:
    first, second = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3)
    for conv in (first, second):
        nn.init.zeros_(conv.bias)
    network = nn.Sequential(first, second, nn.AdaptiveAvgPool2d(1), nn.Flatten(1), nn.Linear(4, 5)).eval()
    rounded = quantized_network(folded_graph(network, SHAPE))
    calibrate(rounded, images(64), images(32, seed=2), ("min-max",))
    content = rounded_file(rounded, FACTS)
    found = run(content, pixels, tmp_path / "optimized.onnx")
    np.testing.assert_allclose(found, logits_of(rounded, pixels), atol=0.02)
    biases = [t for t in onnx.load_from_string(content).graph.initializer if t.data_type == onnx.TensorProto.INT32]
    assert len(biases) == 2
    assert [node.op_type for node in onnx.load(tmp_path / "optimized.onnx").graph.node].count("QLinearConv") == 2
