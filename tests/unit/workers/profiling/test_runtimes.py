"""One contract for every runtime that executes `.onnx` files; those not installed are skipped with their reason."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from workers.profiling.reference import IMAGE_SHAPE, reference_model
from workers.profiling.runtimes import RUNTIMES, Runtime


@pytest.fixture(params=sorted(RUNTIMES))
def runtime(request: pytest.FixtureRequest) -> Runtime:
    found = RUNTIMES[request.param]
    if reason := found.missing():
        pytest.skip(reason)
    return found


@pytest.fixture
def model_path(tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(reference_model())
    return path


def test_registered_under_its_own_name(runtime: Runtime) -> None:
    assert RUNTIMES[runtime.name] is runtime


def test_versions_name_the_library(runtime: Runtime) -> None:
    assert all(version[0].isdigit() for version in runtime.versions().values())
    assert runtime.versions()


@pytest.mark.parametrize("threads", [1, 2])
def test_computes_what_the_onnx_specification_says(runtime: Runtime, model_path: Path, threads: int) -> None:
    model = runtime.load(model_path, threads)
    assert model.image_shape == IMAGE_SHAPE
    images = np.random.default_rng(0).random((2, *IMAGE_SHAPE), dtype=np.float32)
    (expected,) = ReferenceEvaluator(onnx.load(model_path)).run(None, {"pixels": images})
    np.testing.assert_allclose(model.run(images), expected, rtol=1e-3, atol=1e-6)


def test_bad_file_is_an_error(runtime: Runtime, tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(Exception, match="broken.onnx"):
        runtime.load(path, 1)
