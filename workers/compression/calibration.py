"""Ranges of activations, learned from training images that pass through the network as it is."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn

from workers.compression.quantized import quantizers
from workers.compression.quantizers import LEVELS, ActivationQuantizer
from workers.data import DataSet
from workers.data.batches import Normaliser

Method = Literal["min-max", "percentile", "mse"]
METHODS: tuple[Method, ...] = get_args(Method)
CALIBRATION_IMAGES, COMPARED_IMAGES, IMAGES_AT_ONCE = 256, 128, 32
PERCENTILE = 0.9999
SAMPLED_VALUES = 2**15
"""Values of each tensor and batch that are looked at, beside its least and its largest."""
SHRINKS = np.linspace(1.0, 0.3, 36)
"""`mse` tries so many shares of the whole range."""


def calibration_images(data: DataSet) -> tuple[Tensor, Tensor]:
    """Normalised training images to learn ranges from, and others to compare methods on; the same for the same data,
    and drawn without looking at their labels."""
    drawn = np.random.default_rng(0).permutation(len(data.train))[: CALIBRATION_IMAGES + COMPARED_IMAGES]
    compared = max(1, len(drawn) * COMPARED_IMAGES // (CALIBRATION_IMAGES + COMPARED_IMAGES))
    normalise = Normaliser(data)
    learned, judged = (normalise(data.train.rows(np.sort(rows))) for rows in (drawn[compared:], drawn[:compared]))
    return learned.contiguous(), judged.contiguous()


def calibrate(network: nn.Module, images: Tensor, compared: Tensor, methods: Sequence[Method]) -> Method:
    """Set every range by the method whose logits on `compared` are nearest to those without rounding, and name it."""
    observed = observe(network, images)
    best: tuple[float, Method] | None = None
    for method in methods:
        _set_ranges(network, observed, method)
        found = sqnr_db(network, compared)
        if best is None or found > best[0]:
            best = (found, method)
    assert best is not None
    _set_ranges(network, observed, best[1])
    return best[1]


@torch.no_grad()
def observe(network: nn.Module, images: Tensor) -> dict[str, Tensor]:
    """Values that each activation quantizer sees, its least and largest among them, when nothing is rounded."""
    seen: dict[str, list[Tensor]] = {}
    hooks = [
        module.register_forward_pre_hook(_record(seen.setdefault(name, [])))
        for name, module in network.named_modules()
        if isinstance(module, ActivationQuantizer)
    ]
    try:
        with rounding_off(network):
            for batch in torch.split(images, IMAGES_AT_ONCE):
                network(batch)
    finally:
        for hook in hooks:
            hook.remove()
    return {name: torch.cat(values) for name, values in seen.items()}


def range_of(values: Tensor, method: Method) -> tuple[float, float]:
    """What is to be representable of them."""
    low, high = values.min().item(), values.max().item()
    if method == "percentile":
        ends = np.quantile(values.numpy(), [1 - PERCENTILE, PERCENTILE])
        return float(ends[0]), float(ends[1])
    if method == "mse":
        errors = [_squared_error(values, low * share, high * share) for share in SHRINKS]
        share = SHRINKS[int(np.argmin(errors))]
        return low * share, high * share
    return low, high


@torch.no_grad()
def sqnr_db(network: nn.Module, images: Tensor) -> float:
    """Signal to quantization noise of the logits: how much of them is not rounding, in decibels."""
    with rounding_off(network):
        expected = network(images)
    noise = (network(images) - expected).square().mean().item()
    signal = (expected - expected.mean(0)).square().mean().item()
    return 10 * math.log10(max(signal, 1e-30) / max(noise, 1e-30))


@contextmanager
def rounding_off(network: nn.Module) -> Iterator[None]:
    """Within it nothing is rounded."""
    switched = [quantizer for quantizer in quantizers(network) if quantizer.enabled]
    for quantizer in switched:
        quantizer.enabled = False
    try:
        yield
    finally:
        for quantizer in switched:
            quantizer.enabled = True


def _record(seen: list[Tensor]) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
    def hook(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        values = inputs[0].flatten()
        seen.append(values[:: max(1, len(values) // SAMPLED_VALUES)].clone())
        seen.append(torch.stack(values.aminmax()))

    return hook


def _set_ranges(network: nn.Module, observed: dict[str, Tensor], method: Method) -> None:
    for name, values in observed.items():
        quantizer = network.get_submodule(name)
        assert isinstance(quantizer, ActivationQuantizer)
        quantizer.set_range(*range_of(values, method))


def _squared_error(values: Tensor, low: float, high: float) -> float:
    scale = max((max(high, 0.0) - min(low, 0.0)) / LEVELS, 1e-30)
    zero_point = round(-min(low, 0.0) / scale)
    rounded = torch.fake_quantize_per_tensor_affine(values, scale, zero_point, 0, LEVELS)
    return float((rounded - values).double().square().mean())
