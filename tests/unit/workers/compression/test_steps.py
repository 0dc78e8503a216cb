"""The steps as recipes run them, on a network that has learned to tell bright images from dark ones."""

from copy import deepcopy
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from nas_service.domain.compression.quantize_aware import QuantizeAwareOptions
from nas_service.domain.compression.quantize_int8 import QuantizeInt8Options
from nas_service.domain.compression.quantize_weights import QuantizeWeightsOptions
from nas_service.domain.compression.self_compress import SelfCompressOptions
from nas_service.domain.entities import PACKED_FILE
from nas_service.domain.spec import TrainingSpec
from search_spaces.packed import unpack
from tests.unit.workers.compression.small_networks import SHAPE, SmallNetwork
from workers.compression import Loop, Workbench
from workers.compression.quantize_aware import quantize_aware
from workers.compression.quantize_aware import training_of as quantizing
from workers.compression.quantize_int8 import quantize_int8
from workers.compression.quantize_weights import quantize_weights
from workers.compression.self_compress import self_compress
from workers.compression.self_compress import training_of as compressing
from workers.data import DataSet, MemorySplit
from workers.training import RunSettings, TrainingHooks, evaluate
from workers.training.loop import TrainingLoop

CHANNELS, HEIGHT, WIDTH = SHAPE
TRAINING = TrainingSpec(epochs=3, batch_size=32, precision="fp32")


def split(count: int, seed: int) -> MemorySplit:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 5, (count,), generator=generator)
    noise = torch.randint(0, 40, (count, CHANNELS, HEIGHT, WIDTH), generator=generator)
    return MemorySplit((noise + 45 * labels.view(-1, 1, 1, 1)).to(torch.uint8), labels)


@pytest.fixture(scope="module")
def bench() -> Workbench:
    data = DataSet(
        "levels", "0" * 64, tuple("abcde"), (0.4,) * 3, (0.25,) * 3, split(512, 0), split(128, 1), split(8, 2)
    )

    def train(network: nn.Module, config: TrainingSpec, loop: Loop = TrainingLoop) -> nn.Module:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            result = loop(network, data, config, TrainingHooks(), RunSettings(0, "cpu")).run(None)
        trained = deepcopy(network)
        trained.load_state_dict(result.weights)
        return trained.eval()

    return Workbench(data, TRAINING, train)


@pytest.fixture(scope="module")
def network(bench: Workbench) -> nn.Module:
    torch.manual_seed(0)
    return bench.train(SmallNetwork(), TRAINING)


def accuracy(network: nn.Module, bench: Workbench) -> float:
    return evaluate(network, bench.data, bench.data.validation).accuracy


def test_self_compression_gives_a_smaller_network_and_its_packed_weights(network: nn.Module, bench: Workbench) -> None:
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    made = self_compress(network, SelfCompressOptions(penalty=0.3, epochs=8), bench)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    decoded = unpack(made.files[PACKED_FILE])
    state = made.network.state_dict()
    assert decoded.keys() == state.keys()
    assert all(np.array_equal(decoded[name], tensor.numpy()) for name, tensor in state.items())
    assert made.facts["mean_bits"] < 6
    assert made.facts["packed_bytes"] == len(made.files[PACKED_FILE])
    assert accuracy(made.network, bench) > 0.5


@pytest.mark.parametrize(("divisor", "left"), [(1, {1}), (4, {4})])
def test_channels_of_no_bits_stay_as_the_divisor_wants(
    network: nn.Module, bench: Workbench, divisor: int, left: set[int]
) -> None:
    options = SelfCompressOptions(penalty=100.0, epochs=6, initial_bits=1, divisor=divisor)
    compressed = self_compress(network, options, bench).network
    assert {m.out_channels for m in compressed.modules() if isinstance(m, nn.Conv2d)} == left


def test_a_higher_penalty_leaves_fewer_bits(network: nn.Module, bench: Workbench) -> None:
    light, heavy = (
        self_compress(network, SelfCompressOptions(penalty=penalty, epochs=6, initial_bits=3), bench).facts[
            "weight_bits_ratio"
        ]
        for penalty in (0.001, 10.0)
    )
    assert heavy < 0.8 * light


def test_int8_keeps_the_network_and_says_which_layers_stay_in_fp32(network: nn.Module, bench: Workbench) -> None:
    made = quantize_int8(network, QuantizeInt8Options(fp32_layers="depthwise", tolerance=None), bench)
    assert made.network is network
    assert made.facts["fp32_for_speed"] == ["depthwise.conv", "se.reduce", "se.expand"]
    assert made.facts["int8_layers"] == 5
    assert list(made.files) == ["model.int8.onnx"]


def test_training_with_rounding_gives_what_was_rounded(network: nn.Module, bench: Workbench) -> None:
    made = quantize_aware(network, QuantizeAwareOptions(epochs=1, fp32_layers="none"), bench)
    assert list(made.files) == ["model.int8.onnx"]
    weights = [m.weight for m in made.network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(weights) == 8
    for weight in weights:
        largest = weight.detach().flatten(1).abs().amax(1, keepdim=True)
        steps = weight.detach().flatten(1) / largest * 127
        torch.testing.assert_close(steps, steps.round(), atol=1e-3, rtol=0)
    assert accuracy(made.network, bench) > accuracy(network, bench) - 0.05


def test_weights_alone_are_rounded_to_eight_bits_or_four(network: nn.Module, bench: Workbench) -> None:
    eight, four = (quantize_weights(network, QuantizeWeightsOptions(bits=bits), bench) for bits in (8, 4))
    assert list(eight.files) == ["model.onnx"]
    assert eight.facts["sqnr_db"] > four.facts["sqnr_db"] + 10
    assert accuracy(eight.network, bench) == pytest.approx(accuracy(network, bench), abs=0.02)


@pytest.mark.parametrize("bits", [8, 4])
def test_weights_alone_are_made_fp32_when_the_file_is_loaded_and_not_in_every_run(
    network: nn.Module, bench: Workbench, bits: Literal[8, 4], tmp_path: Path
) -> None:
    stored = quantize_weights(network, QuantizeWeightsOptions(bits=bits), bench).files["model.onnx"]
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(tmp_path / "executed.onnx")
    onnxruntime.InferenceSession(stored, options, providers=["CPUExecutionProvider"])
    executed = {node.op_type for node in onnx.load(tmp_path / "executed.onnx").graph.node}
    assert executed
    assert not executed & {"Cast", "DequantizeLinear"}
    assert "Cast" in {node.op_type for node in onnx.load_model_from_string(stored).graph.node}


def test_bits_and_scales_are_those_of_the_last_step_whatever_the_network_was_trained_with() -> None:
    trained = TRAINING.model_copy(update={"ema_decay": 0.99, "swa_fraction": 0.5, "patience": 2, "sam_rho": 0.05})
    for config in (
        compressing(trained, SelfCompressOptions(), 100),
        quantizing(trained, QuantizeAwareOptions()),
    ):
        assert (config.ema_decay, config.swa_fraction, config.patience, config.sam_rho) == (0, 0, 0, 0)
        assert config.optimizer == "adamw"


def test_self_compression_of_few_images_has_as_many_steps_as_bits_need() -> None:
    trained = TRAINING.model_copy(update={"epochs": 12})
    assert [compressing(trained, SelfCompressOptions(), steps).epochs for steps in (17, 1000)] == [48, 24]
    assert compressing(TRAINING, SelfCompressOptions(epochs=3), 17).epochs == 3
