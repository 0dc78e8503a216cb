"""`quantize-aware`: training with the rounding of the int8 file (Jacob et al., CVPR 2018), so that it costs less.

Batch norms are folded before, as they are in the file; weights are rounded by their channels' largest, and the scales
of activations are learned from calibrated ones on.
"""

from torch import fx, nn

from nas_service.domain.compression.quantize_aware import QuantizeAwareOptions
from nas_service.domain.formats import ModelFormat
from nas_service.domain.spec import TrainingSpec
from workers.compression.calibration import sqnr_db
from workers.compression.contract import Compressed, Workbench
from workers.compression.fine_tune import steady
from workers.compression.quantize_int8 import Rounding
from workers.compression.quantized import weighted_layers
from workers.compression.rounded_file import rounded_file, without_rounding


def quantize_aware(network: nn.Module, options: QuantizeAwareOptions, bench: Workbench) -> Compressed:
    """The network with its trained weights as they are rounded, and the file with the trained scales."""
    rounding = Rounding(network, bench.data)
    slow = rounding.left_for_speed(options.fp32_layers)
    rounded, method = rounding.rounded(slow)
    before_db = sqnr_db(rounded, rounding.compared)
    config = training_of(bench.training, options)
    trained = bench.train(rounded, config)
    assert isinstance(trained, fx.GraphModule)
    facts = {
        "calibration": method,
        "epochs": config.epochs,
        "sqnr_before_db": before_db,
        "fp32_for_speed": slow,
        "int8_layers": len(weighted_layers(rounded)) - len(slow),
    }
    files = {ModelFormat.ONNX_INT8.file_name: rounded_file(trained, rounding.facts)}
    return Compressed(without_rounding(trained), facts, files)


def training_of(training: TrainingSpec, options: QuantizeAwareOptions) -> TrainingSpec:
    """By AdamW, whose steps suit weights and scales alike; the deployed weights are the last, at a rate near zero."""
    return steady(training).model_copy(
        update={
            "epochs": options.epochs or max(1, training.epochs // 2),
            "optimizer": "adamw",
            "learning_rate": options.learning_rate,
            "weight_decay": 0.0,
            "ema_decay": 0.0,
            "swa_fraction": 0.0,
            "sam_rho": 0.0,
            "precision": "fp32",
        }
    )
