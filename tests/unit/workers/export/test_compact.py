"""Exported files are small: nothing in them that computes nothing, and still the same logits by the same kernels."""

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper
from torch import nn

from tests.unit.workers.export.conftest import FACTS
from workers.export import export_onnx, onnx_export
from workers.export.onnx_int8 import Calibration, export_onnx_int8

BYTES_EACH = 75
"""For the names and attributes of a node, or the name and shape of a constant; twice that, if all names are long."""
LAYERS = ("0/Conv", "3/block/block.0/Conv", "3/block/block.3/Conv", "6/Gemm")
FORMATS = ("model.onnx", "model.int8.onnx")


@pytest.fixture
def written(network: nn.Module, images: torch.Tensor, tmp_path: Path) -> Path:
    """A folder with both files of a network."""
    return _write(network, images, tmp_path)


def _write(network: nn.Module, images: torch.Tensor, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    fp32, int8 = (folder / name for name in FORMATS)
    export_onnx(network, FACTS, images, fp32)
    drawn = np.random.default_rng(0).random((24, 3, 12, 12), dtype=np.float32)
    export_onnx_int8(fp32, Calibration(drawn[:16], drawn[16:]), int8)
    return folder


def _run(path: Path, images: torch.Tensor) -> tuple[np.ndarray, Counter[str]]:
    """The logits, and what onnxruntime executes for them."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.optimized_model_filepath = str(path.with_suffix(".executed"))
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    (logits,) = session.run([onnx_export.OUTPUT_NAME], {onnx_export.INPUT_NAME: images.numpy()})
    return np.asarray(logits), Counter(node.op_type for node in onnx.load(path.with_suffix(".executed")).graph.node)


def test_the_same_logits_by_the_same_kernels(
    written: Path, network: nn.Module, images: torch.Tensor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_export, "compacted", lambda model: model)
    before = _write(network, images, tmp_path / "before")
    for name in FORMATS:
        (logits, executed), (expected, expected_kernels) = (_run(folder / name, images) for folder in (written, before))
        assert np.array_equal(logits, expected)
        assert executed == expected_kernels
        assert (written / name).stat().st_size < (before / name).stat().st_size
    assert (executed["QLinearConv"], executed["QGemm"], executed["Conv"], executed["Gemm"]) == (3, 1, 0, 0)


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_is_little_more_than_its_constants(name: str, written: Path) -> None:
    model = onnx.load(written / name)
    constants = sum(numpy_helper.to_array(tensor).nbytes for tensor in model.graph.initializer)
    facts = sum(prop.ByteSize() for prop in model.metadata_props)
    count = len(model.graph.node) + len(model.graph.initializer)
    assert (written / name).stat().st_size < constants + facts + BYTES_EACH * count


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_is_said_twice_or_is_inferred_anyway(name: str, written: Path) -> None:
    graph = onnx.load(written / name).graph
    assert not graph.value_info
    assert "Constant" not in {node.op_type for node in graph.node}
    stored = Counter((t.data_type, *t.dims, numpy_helper.to_array(t).tobytes()) for t in graph.initializer)
    assert set(stored.values()) == {1}
    assert {t.name for t in graph.initializer} <= {name for node in graph.node for name in node.input}


def test_convolutions_have_no_zero_points_of_zeros(written: Path) -> None:
    graph = onnx.load(written / "model.int8.onnx").graph
    made_by = {output: node for node in graph.node for output in node.output}
    constants = [made_by[name] for node in graph.node if node.op_type == "Conv" for name in node.input[1:]]
    assert [len(node.input) for node in constants] == [2] * 6, "weights and biases of three layers"


@pytest.mark.parametrize("name", FORMATS)
def test_what_computes_keeps_its_name(name: str, written: Path) -> None:
    graph = onnx.load(written / name).graph
    layers = [node.name for node in graph.node if node.op_type in ("Conv", "Gemm")]
    assert layers == [f"/network/network.{layer}" for layer in LAYERS]
    assert all(bool(node.name) != ("uantizeLinear" in node.op_type) for node in graph.node)
    assert [value.name for value in (*graph.input, *graph.output)] == ["pixels", "logits"]


def test_the_model_that_is_made_small_is_not_touched(network: nn.Module, images: torch.Tensor) -> None:
    model = onnx_export.onnx_graph(onnx_export.deployable_copy(network, FACTS), FACTS, images[:1])
    before = model.SerializeToString(deterministic=True)
    assert len(onnx_export.serialized(model)) < len(before)
    assert model.SerializeToString(deterministic=True) == before
