"""`nas compress`: a network of one's own becomes another, with both side by side."""

import json
from pathlib import Path

import pytest
import torch
from torch.export import Dim, export
from typer.testing import CliRunner

import search_spaces
from nas_service.cli.main import app
from nas_service.domain.compression.quantize_int8 import QuantizeInt8Options
from search_spaces.normalise import Normalised
from tests.support.tiny import tiny_space
from workers.profiling.runtimes.torch_program import save_program

DIGITS = search_spaces.NetworkInput(1, 10)


@pytest.fixture
def network() -> Normalised:
    """Untrained: what it is worth does not matter here."""
    space = tiny_space()
    found = search_spaces.get(space["name"], preset=space["preset"], choices=space["choices"])
    torch.manual_seed(0)
    return Normalised(
        search_spaces.build(found, found.canonical({c.name: c.options[0] for c in found.choices}), DIGITS), [0.3], [0.4]
    ).eval()


@pytest.fixture(autouse=True)
def _at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NAS_HOST_LOCK_DIR", str(tmp_path / "host-lock"))
    monkeypatch.setenv("NAS_FINAL_MEASURE_S", "0.3")


def test_a_network_of_ones_own_is_compressed_and_held_against_itself(network: Normalised, tmp_path: Path) -> None:
    images = torch.zeros(2, 1, 8, 8)
    program = export(network, (images,), dynamic_shapes=({0: Dim("batch", min=1)},))
    save_program(program, tmp_path / "own.pt2")
    out = tmp_path / "out"
    command = ["compress", str(tmp_path / "own.pt2"), "--dataset", "digits", "--recipe", "quantize-int8", "--json"]
    done = CliRunner().invoke(app, [*command, "--out", str(out)])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["recipe"] == [{"quantize-int8": QuantizeInt8Options().model_dump(mode="json")}]
    assert found["file"] == "model.int8.onnx"
    compared = found["comparison"]
    assert compared["macs"]["child"] == compared["macs"]["parent"] > 0
    assert compared["size_bytes"]["child"] < 0.7 * compared["size_bytes"]["parent"]
    assert compared["latency_ms@0"]["child"] > 0
    assert json.loads((out / "report.json").read_text())["comparison"] == compared
    sums = (out / "SHA256SUMS").read_text()
    assert all(name in sums for name in ("model.onnx", "model.int8.onnx", "model.pt2", "weights.safetensors"))
    with torch.inference_mode():
        assert torch.allclose(search_spaces.load(out)(images), network(images), atol=1e-5)


@pytest.mark.parametrize(
    ("recipe", "target", "told"),
    [
        ("quantise-int8", "onnxruntime", "did you mean 'quantize-int8'?"),
        ("quantize-int8", "torch", "have the target use onnxruntime"),
        ("[{quantize-int8: {bits: 4}}]", "onnxruntime", "no option is named 'bits'"),
        ("[", "onnxruntime", "is no list of steps"),
    ],
)
def test_what_cannot_be_followed_is_told_before_anything_is_loaded(
    tmp_path: Path, recipe: str, target: str, told: str
) -> None:
    (tmp_path / "own.pt2").write_bytes(b"not read")
    done = CliRunner().invoke(app, ["compress", str(tmp_path / "own.pt2"), "--recipe", recipe, "--target", target])
    assert done.exit_code == 2
    assert told in " ".join(done.stderr.split())


def test_a_file_that_is_no_program_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "own.pt2").write_bytes(b"no archive")
    done = CliRunner().invoke(app, ["compress", str(tmp_path / "own.pt2"), "--recipe", "quantize-int8"])
    assert done.exit_code == 1
    assert "is no exported torch program" in " ".join(done.stderr.split())
