"""One small network in every format, and every combination of runtime and precision that exists."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from torch import nn

from nas_service.domain.formats import RUNS, ModelFormat, PrecisionName, RuntimeName
from search_spaces.normalise import Normalised
from tests.support.runtimes import IMAGE_SHAPE, Case, Exported
from workers.export import ExportFacts, export_onnx
from workers.export.lowering import LARGEST_BATCH, lowered
from workers.profiling.runtimes import RUNTIMES, CompilingRuntime
from workers.profiling.runtimes.torch_program import save_program

COMPILE = "NAS_TEST_COMPILERS"
MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.3, 0.25)


def network() -> nn.Module:
    """Dense and depthwise convolutions, batch norm, two activations."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, 2, 1, bias=False),
        nn.BatchNorm2d(16),
        nn.Hardswish(),
        nn.Conv2d(16, 16, 5, 1, 2, groups=16, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 32, 1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(32, 7),
    ).eval()


class Calibration(CalibrationDataReader):
    """One batch of images."""

    def __init__(self, images: np.ndarray) -> None:
        self._batches = iter([{"pixels": images}])

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self._batches, None)


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    folder = tmp_path_factory.mktemp("models")
    random = np.random.default_rng(0)
    colours = random.random((8, IMAGE_SHAPE[0], 1, 1), dtype=np.float32)
    images = colours * random.random((8, *IMAGE_SHAPE), dtype=np.float32)
    model = network()
    deployed = Normalised(model, MEAN, STD).eval()
    with torch.inference_mode():
        logits = deployed(torch.from_numpy(images)).numpy()
    found = Exported(folder, images, logits)
    onnx_path = found.file(ModelFormat.ONNX)
    facts = ExportFacts(tuple("abcdefg"), *IMAGE_SHAPE, MEAN, STD, "none", "none")
    export_onnx(model, facts, torch.from_numpy(images), onnx_path)
    quantize_static(
        onnx_path,
        found.file(ModelFormat.ONNX_INT8),
        Calibration(images),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )
    batch = torch.export.Dim("batch", min=1, max=LARGEST_BATCH)
    program = torch.export.export(deployed, (torch.from_numpy(images),), dynamic_shapes=({0: batch},))
    if RUNTIMES["executorch"].missing() is None:
        found.file(ModelFormat.PTE).write_bytes(lowered(program))
    save_program(program, found.file(ModelFormat.PT2))
    return found


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What runtimes compile is kept here, and compiled once for all tests."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(params=RUNS, ids="-".join)
def case(request: pytest.FixtureRequest, exported: Exported, packages: Path) -> Case:
    return _case(*request.param, exported)


@pytest.fixture(params=[case for case in RUNS if case[1] == "fp32"], ids="-".join)
def fp32_case(request: pytest.FixtureRequest, exported: Exported, packages: Path) -> Case:
    """For what does not depend on the precision and costs a process each."""
    return _case(*request.param, exported)


def _case(name: RuntimeName, precision: PrecisionName, exported: Exported) -> Case:
    runtime = RUNTIMES[name]
    if reason := runtime.missing():
        pytest.skip(reason)
    if isinstance(runtime, CompilingRuntime) and COMPILE not in os.environ:
        pytest.skip(f"{name} compiles for minutes; set {COMPILE}=1 to test it")
    return Case(runtime, precision, exported)
