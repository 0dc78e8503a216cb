"""A user's own model teaches what its file computes, whatever its format; a file that does not fit is refused."""

import json
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from nas_service.domain.errors import PermanentError
from search_spaces import NetworkInput, build, get
from tests.unit.workers.training.samples import CLASSES, stripes
from workers.export.files import Subject, subject_of
from workers.export.onnx_export import export_onnx
from workers.export.torch_program import export_pt2
from workers.tasks.teacher_files import teacher_file
from workers.training.teachers import Teacher

SPACE = get("mobilenet", "tiny")
ARCHITECTURE = SPACE.canonical({choice.name: choice.options[0] for choice in SPACE.choices})
IMAGES = torch.randn(3, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def subject(classes: int = CLASSES) -> Subject:
    torch.manual_seed(0)
    network = build(SPACE, ARCHITECTURE, NetworkInput(3, classes)).eval()
    for parameter in network.blocks[-1].parameters():
        torch.nn.init.normal_(parameter)
    return subject_of(network, stripes(), SPACE.name, ARCHITECTURE.key)


def bundle_of(mine: Subject) -> dict[str, bytes]:
    document = {
        "format": 1,
        "space": SPACE.name,
        "preset": "tiny",
        "choices": {},
        "values": dict(ARCHITECTURE.values),
        "key": ARCHITECTURE.key,
        "network_input": {"channels": 3, "class_count": CLASSES},
        "normalization": {"mean": mine.data.mean, "std": mine.data.std},
    }
    weights = {name: tensor.contiguous() for name, tensor in mine.network.state_dict().items()}
    return {"architecture.json": json.dumps(document).encode(), "weights.safetensors": save(weights)}


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def teacher(path: Path) -> Teacher:
    return Teacher("a file", teacher_file(path, stripes())).on(torch.device("cpu"))


@pytest.mark.parametrize("suffix", [".onnx", ".pt2", ".zip"])
def test_it_teaches_what_the_network_says_of_images_of_any_size(suffix: str, tmp_path: Path) -> None:
    mine, path = subject(), tmp_path / f"mine{suffix}"
    if suffix == ".onnx":
        export_onnx(mine.network, mine.facts, mine.images(), path)
    elif suffix == ".pt2":
        export_pt2(mine.network, mine.facts, path)
    else:
        zipped(path, bundle_of(mine))
    spoken = teacher(path)
    with torch.no_grad():
        torch.testing.assert_close(spoken.logits(IMAGES), mine.network(IMAGES), rtol=1e-4, atol=1e-4)
    assert spoken.logits(torch.randn(2, 3, 4, 4)).shape == (2, CLASSES)


def test_a_file_of_another_kind_or_with_nothing_in_it_is_refused(tmp_path: Path) -> None:
    for name, reason in (("mine.pt", r"none of \.pt2, \.onnx, \.zip"), ("mine.pt2", "no exported torch program")):
        (tmp_path / name).write_bytes(b"")
        with pytest.raises(PermanentError, match=reason):
            teacher(tmp_path / name)


def test_a_pickle_is_never_loaded(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(1, 1), tmp_path / "mine.pt2")
    with pytest.raises(PermanentError, match="no part of a plain program"):
        teacher(tmp_path / "mine.pt2")


def test_a_model_of_other_classes_is_refused(tmp_path: Path) -> None:
    other = subject(CLASSES + 2)
    export_pt2(other.network, other.facts, tmp_path / "other.pt2")
    with pytest.raises(PermanentError, match=r"gives \(2, 5\), not \(2, 3\)"):
        teacher(tmp_path / "other.pt2")


def test_of_a_bundle_nothing_but_the_network_is_unpacked(tmp_path: Path) -> None:
    path = zipped(tmp_path / "inner.zip", {"../escaped": b"", **bundle_of(subject())})
    teacher(path)
    assert not (tmp_path.parent / "escaped").exists()
    zipped(path, {"architecture.json": b"{}"})
    with pytest.raises(PermanentError, match="no teacher here"):
        teacher(path)
