"""A bundle holds one network in two forms, says true things about it, and is the same folder after unpacking."""

import json
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import search_spaces
from nas_service.domain.errors import PermanentError
from nas_service.domain.formats import ModelFormat
from tests.integration.workers.bundle.conftest import Made
from workers.bundle.card import make_card
from workers.bundle.card_format import Card
from workers.bundle.write import pack, write_bundle
from workers.data import DataSet
from workers.export.exported import ExportedModel, pixels_of

PYTHON = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.fixture
def pixels(data: DataSet) -> np.ndarray:
    return pixels_of(data.test, slice(0, 32))


def test_loading_gives_the_trained_networks_logits_to_the_bit(made: Made, data: DataSet, pixels: np.ndarray) -> None:
    mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in (data.mean, data.std))
    with torch.inference_mode():
        expected = made.network((torch.from_numpy(pixels) - mean) / std)
        found = search_spaces.load(made.folder)(torch.from_numpy(pixels))
    assert torch.equal(found, expected)


def test_the_exported_file_gives_the_loaded_networks_logits(made: Made, pixels: np.ndarray) -> None:
    with torch.inference_mode():
        expected = search_spaces.load(made.folder)(torch.from_numpy(pixels)).numpy()
    assert ExportedModel(made.folder / "model.onnx", ModelFormat.ONNX).logits(pixels) == pytest.approx(
        expected, abs=1e-4
    )


def test_the_card_is_read_as_it_was_written(made: Made) -> None:
    assert Card.model_validate_json((made.folder / "card.json").read_bytes()) == made.parts.card


def test_the_card_states_accuracies_of_the_exported_file(made: Made, data: DataSet) -> None:
    logits = ExportedModel(made.folder / "model.onnx", ModelFormat.ONNX).logits(pixels_of(data.test, slice(None)))
    right = int((logits.argmax(1) == data.test.labels.numpy()).sum())
    stated = made.parts.card.files[0].test
    assert (stated.accuracy, stated.sample_count) == (right / len(data.test), len(data.test))


def test_a_card_is_refused_for_data_that_changed_since_training(made: Made) -> None:
    fidelity = made.facts.evaluation.fidelity | {"dataset_fingerprint": "0" * 64}
    with pytest.raises(PermanentError, match="restore it"):
        make_card(replace(made.facts, evaluation=replace(made.facts.evaluation, fidelity=fidelity)))


def test_checksums_are_those_that_sha256sum_checks(made: Made) -> None:
    done = subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=made.folder, capture_output=True)
    assert done.returncode == 0, done.stdout
    assert len(done.stdout.splitlines()) == len(list(made.folder.iterdir())) - 1


def test_writing_again_changes_no_file(made: Made, bundle: Path) -> None:
    for path in write_bundle(bundle, made.parts):
        assert path.read_bytes() == (made.folder / path.name).read_bytes()


def test_the_unpacked_zip_is_the_folder(made: Made, tmp_path: Path) -> None:
    archive = pack(sorted(made.folder.iterdir()), tmp_path / "bundle.zip")
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(tmp_path / "unpacked")
    unpacked = {path.name: path.read_bytes() for path in (tmp_path / "unpacked").iterdir()}
    assert unpacked == {path.name: path.read_bytes() for path in made.folder.iterdir()}


def test_equal_bundles_are_equal_zip_files(made: Made, bundle: Path, tmp_path: Path) -> None:
    one = pack(sorted(made.folder.iterdir()), tmp_path / "one.zip")
    other = pack(sorted(bundle.iterdir()), tmp_path / "other.zip")
    assert one.read_bytes() == other.read_bytes()


def test_the_readme_shows_what_was_measured(made: Made) -> None:
    text, card = (made.folder / "README.md").read_text(), made.parts.card
    (latency,) = card.latencies
    assert f"**{card.files[0].test.accuracy:.4f}** on 269 images" in text
    assert f"**{latency.median_ms:.4f} ms**" in text
    assert latency.birthplace.cpu in text
    assert f"| multiply-accumulates | {card.cost.macs:,} |" in text
    assert "3 epochs on 1,259 images, seed 0" in text
    assert not re.search(r"[{}]", PYTHON.sub("", text))


def test_the_readme_names_every_file_of_the_bundle(made: Made) -> None:
    text = (made.folder / "README.md").read_text()
    assert {path.name for path in made.folder.iterdir() if f"`{path.name}`" not in text} == {"README.md"}


def test_the_readmes_python_runs_in_the_bundles_folder(made: Made, data: DataSet) -> None:
    deploy, load = PYTHON.findall((made.folder / "README.md").read_text())
    printed = [
        subprocess.run([sys.executable, "-c", code], cwd=made.folder, capture_output=True, text=True)
        for code in (deploy, f"{load}\nprint(tuple(logits.shape))")
    ]
    assert [done.returncode for done in printed] == [0, 0], [done.stderr for done in printed]
    assert printed[0].stdout.strip() in data.classes
    assert printed[1].stdout.strip() == "(1, 10)"


def test_the_architecture_says_what_preprocessing_needs(made: Made, data: DataSet) -> None:
    document = json.loads((made.folder / "architecture.json").read_text())
    assert document["normalization"] == {"mean": list(data.mean), "std": list(data.std)}
    assert document["classes"] == list(data.classes)
    assert document["network_input"] == {"channels": 1, "height": 8, "width": 8, "class_count": 10}
