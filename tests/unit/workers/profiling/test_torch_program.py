"""Exported torch programs are read without executing what an archive may bring along."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from workers.profiling.runtimes.torch_program import UnsafeProgramError, image_shape_of, load_program, save_program


@pytest.fixture(scope="module")
def program_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("programs") / "model.pt2"
    network = nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten())
    save_program(torch.export.export(network.eval(), (torch.zeros(2, 3, 5, 4),)), path)
    return path


def rewritten(source: Path, target: Path, change: Callable[[str, bytes], bytes], extra: dict[str, bytes]) -> Path:
    """A copy of an archive with other contents."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        for name, content in extra.items():
            new.writestr(f"{old.namelist()[0].split('/')[0]}/{name}", content)
    return target


def test_a_plain_program_is_read(program_path: Path) -> None:
    assert image_shape_of(load_program(program_path)) == (3, 5, 4)


def test_pickled_weights_are_refused(program_path: Path, tmp_path: Path) -> None:
    def claim_pickles(name: str, content: bytes) -> bytes:
        if not name.endswith("model_weights_config.json"):
            return content
        config = json.loads(content)
        for payload in config["config"].values():
            payload["use_pickle"] = True
        return json.dumps(config).encode()

    path = rewritten(program_path, tmp_path / "model.pt2", claim_pickles, {})
    with pytest.raises(UnsafeProgramError, match="pickled"):
        load_program(path)


@pytest.mark.parametrize(
    "entry", ["data/aotinductor/model/code.so", "data/weights/model.pt", "data/constants/opaque_obj_0", "extra/a"]
)
def test_whatever_is_no_part_of_a_plain_program_is_refused(program_path: Path, tmp_path: Path, entry: str) -> None:
    path = rewritten(program_path, tmp_path / "model.pt2", lambda _, content: content, {entry: b"x"})
    with pytest.raises(UnsafeProgramError, match=entry):
        load_program(path)


def test_samples_of_inputs_are_refused_for_they_are_pickles(tmp_path: Path) -> None:
    path = tmp_path / "model.pt2"
    torch.export.save(torch.export.export(nn.ReLU(), (torch.zeros(2, 3, 5, 4),)), path)
    with pytest.raises(UnsafeProgramError, match="pickled inputs"):
        load_program(path)


def test_what_is_no_archive_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "model.pt2"
    path.write_bytes(b"not a program")
    with pytest.raises(UnsafeProgramError, match="model.pt2"):
        load_program(path)
