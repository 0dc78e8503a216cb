"""`self-compress`: a network that learns how many bits each of its channels is worth, and loses those worth none."""

from collections import Counter
from functools import partial
from math import ceil
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nas_service.domain.compression.self_compress import SelfCompressOptions
from nas_service.domain.entities import PACKED_FILE
from nas_service.domain.spec import TrainingSpec
from search_spaces.packed import bits_of, pack
from workers.compression.bit_depth import learn_bit_depths
from workers.compression.contract import Compressed, Workbench
from workers.compression.fine_tune import steady
from workers.compression.flat import contiguous_copy, flat_graph
from workers.compression.plain_layers import make_weights_plain
from workers.compression.remove_channels import Removed, remove_dead_channels
from workers.compression.self_compress_loop import SelfCompressLoop
from workers.data import DataSet, steps_per_epoch

FP32_BITS = 32
LEAST_STEPS = 800
"""Unless epochs are asked for: in fewer steps the bits have not come down."""


def self_compress(network: nn.Module, options: SelfCompressOptions, bench: Workbench) -> Compressed:
    """Train with a penalty on bits, round the weights, remove what is dead, and pack what is left.

    The network given back computes with exactly the weights that `weights.packed` decodes to
    (`search_spaces.packed.unpack`). Batch norms are one float16 factor and summand a channel.
    """
    learning = contiguous_copy(network)
    graph = flat_graph(learning, shape_of(bench.data)).graph
    before_bits = FP32_BITS * sum(tensor.numel() for tensor in learning.state_dict().values())
    weight_bits = FP32_BITS * sum(len(layer.weight.flatten()) for layer in _weighted(learning))
    learn_bit_depths(learning, options.initial_bits)
    loop = partial(SelfCompressLoop, graph=graph, penalty=options.penalty)
    epoch_steps = steps_per_epoch(bench.data.train, bench.training.batch_size)
    learned = contiguous_copy(bench.train(learning, training_of(bench.training, options, epoch_steps), loop))
    settle(learned)
    removed = remove_dead_channels(learned, shape_of(bench.data), options.divisor)
    bits, packed = _pack(learned)
    facts = _facts(bits, removed) | {
        "weight_bits_ratio": sum(int(b) * n for b, n in bits) / weight_bits,
        "packed_bytes": len(packed),
        "packed_ratio": 8 * len(packed) / before_bits,
    }
    return Compressed(learned, facts, {PACKED_FILE: packed})


def training_of(training: TrainingSpec, options: SelfCompressOptions, epoch_steps: int) -> TrainingSpec:
    """As the network was trained, but by AdamW, of which the rates of bits are known; and with neither an average, in
    which nothing would reach zero, nor a look at other weights nearby, which bits are not."""
    return steady(training).model_copy(
        update={
            "epochs": options.epochs or max(2 * training.epochs, ceil(LEAST_STEPS / epoch_steps)),
            "optimizer": "adamw",
            "learning_rate": options.learning_rate,
            "ema_decay": 0.0,
            "swa_fraction": 0.0,
            "sam_rho": 0.0,
            "precision": "fp32",
        }
    )


def shape_of(data: DataSet) -> tuple[int, int, int]:
    """(C, H, W) of every image."""
    return data.channels, data.height, data.width


@torch.no_grad()
def settle(network: nn.Module) -> None:
    """Make weights in place what they are computed as, and batch norms float16 factors and summands."""
    make_weights_plain(network)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear) and layer.bias is not None:
            layer.bias.copy_(layer.bias.half())
        if isinstance(layer, nn.BatchNorm2d) and layer.track_running_stats and layer.affine:
            _settle_norm(layer)


def _settle_norm(norm: nn.BatchNorm2d) -> None:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    factor = norm.weight * (norm.running_var + norm.eps).rsqrt()
    summand = norm.bias - norm.running_mean * factor
    norm.running_mean.zero_()
    norm.running_var.fill_(1.0)
    norm.weight.copy_((factor * (1 + norm.eps) ** 0.5).half())
    norm.bias.copy_(summand.half())
    if "heard" in norm._buffers:
        del norm._buffers["heard"]


def _weighted(network: nn.Module) -> list[nn.Conv2d | nn.Linear]:
    return [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]


def exponents_of(weight: Tensor) -> np.ndarray:
    """int64 (channels,): the largest at which each channel's weights are whole numbers times 2^exponent."""
    values = weight.detach().flatten(1).double().numpy()
    mantissas, exponents = np.frexp(values)
    whole = (mantissas * 2.0**53).astype(np.int64)
    zeros = np.log2(np.maximum(np.abs(whole & -whole), 1)).astype(np.int64)
    least = np.where(values == 0, np.iinfo(np.int64).max, exponents - 53 + zeros).min(1)
    return np.where(least == np.iinfo(np.int64).max, 0, least)


def _pack(network: nn.Module) -> tuple[list[tuple[int, int]], bytes]:
    """Bits and number of weights of each channel, and the file."""
    names = {f"{name}.weight": layer for name, layer in network.named_modules() if layer in set(_weighted(network))}
    exponents = {name: exponents_of(layer.weight) for name, layer in names.items()}
    tensors = {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}
    bits = []
    for name, found in exponents.items():
        channels = tensors[name].reshape(len(found), -1)
        whole = np.ldexp(channels.astype(np.float64), -found[:, None]).astype(np.int64)
        bits += [(int(b), channels.shape[1]) for b in bits_of(whole)]
    return bits, pack(tensors, exponents)


def _facts(bits: list[tuple[int, int]], removed: Removed) -> dict[str, Any]:
    """Of the channels that are left."""
    counts = Counter(channel for channel, _ in bits)
    return {
        "channels_before": removed.channels_before,
        "channels": removed.channels,
        "mean_bits": sum(b * n for b, n in bits) / sum(n for _, n in bits),
        "channels_by_bits": {str(depth): counts[depth] for depth in sorted(counts)},
    }
