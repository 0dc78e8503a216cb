"""`quantize-int8`: the network's int8 file, calibrated on training images, with fp32 where int8 does not pay."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from torch import Tensor, fx, nn

from nas_service.domain.compression.quantize_int8 import QuantizeInt8Options
from nas_service.domain.formats import ModelFormat
from workers.compression.calibration import METHODS, Method, calibrate, calibration_images, sqnr_db
from workers.compression.contract import Compressed, Workbench
from workers.compression.quantized import folded_graph, quantized_network, weighted_layers
from workers.compression.rounded_file import rounded_file
from workers.compression.self_compress import shape_of
from workers.compression.sensitivity import fewest_excluded, sensitivities_db, slow_in_int8
from workers.compression.side_by_side import fastest
from workers.data import DataSet
from workers.export.files import subject_of
from workers.export.onnx_export import ExportFacts
from workers.training import evaluate

QUICKEST: tuple[Method, ...] = ("min-max",)
"""To calibrate what is only timed."""
MOST_SENSITIVE = 8
"""Layers that are named in the facts."""


def quantize_int8(network: nn.Module, options: QuantizeInt8Options, bench: Workbench) -> Compressed:
    """The same network, and the file that executes it in int8."""
    rounding = Rounding(network, bench.data, METHODS if options.calibration == "auto" else (options.calibration,))
    slow = rounding.left_for_speed(options.fp32_layers)
    rounded, method = rounding.rounded(slow)
    sensitivities = sensitivities_db(rounded, rounding.compared)
    order = sorted(sensitivities, key=sensitivities.__getitem__)
    sensitive: list[str] = []
    if options.tolerance is not None:
        least = evaluate(network, bench.data, bench.data.validation).accuracy - options.tolerance
        sensitive = fewest_excluded(order, lambda excluded: rounding.accuracy([*slow, *excluded]) >= least)
    if sensitive:
        rounded, method = rounding.rounded([*slow, *sensitive])
    facts = {
        "calibration": method,
        "sqnr_db": sqnr_db(rounded, rounding.compared),
        "fp32_for_speed": slow,
        "fp32_for_accuracy": sensitive,
        "int8_layers": len(weighted_layers(rounded)) - len(slow) - len(sensitive),
        "sensitivity_db": {name: round(sensitivities[name], 2) for name in order[:MOST_SENSITIVE]},
    }
    return Compressed(network, facts, {ModelFormat.ONNX_INT8.file_name: rounded_file(rounded, rounding.facts)})


@dataclass(slots=True)
class Rounding:
    """One network, rounded in several ways."""

    network: nn.Module
    data: DataSet
    methods: Sequence[Method] = METHODS
    folded: fx.GraphModule = field(init=False)

    def __post_init__(self) -> None:
        self.folded = folded_graph(self.network, shape_of(self.data))

    @property
    def facts(self) -> ExportFacts:
        """Of its files. Which architecture it was made from, the step does not know."""
        return subject_of(self.network, self.data, "", "").facts

    @property
    def compared(self) -> Tensor:
        """Normalised training images on which ways are compared."""
        return calibration_images(self.data)[1]

    def rounded(
        self, excluded: Sequence[str], methods: Sequence[Method] | None = None
    ) -> tuple[fx.GraphModule, Method]:
        """Calibrated, with these layers left in fp32."""
        network = quantized_network(self.folded, excluded)
        return network, calibrate(network, *calibration_images(self.data), methods or self.methods)

    def accuracy(self, excluded: Sequence[str]) -> float:
        """On the validation split."""
        network, _ = self.rounded(excluded)
        return evaluate(network, self.data, self.data.validation).accuracy

    def left_for_speed(self, which: Literal["none", "depthwise", "fastest"]) -> list[str]:
        """The layers that are faster in fp32, as said or as timed."""
        if which == "none":
            return []
        whole, _ = self.rounded([], QUICKEST)
        slow = slow_in_int8(whole)
        if which == "depthwise" or not slow:
            return slow
        mixed, _ = self.rounded(slow, QUICKEST)
        image = np.zeros((1, *shape_of(self.data)), np.float32)
        return [[], slow][fastest([rounded_file(n, self.facts) for n in (whole, mixed)], image)]
