"""Verification passes on a bundle as it was made, and names what is wrong with any other."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import pytest

from tests.integration.workers.bundle.conftest import Made, sign
from tests.support.digits import digits_npz
from workers.bundle.checks.bundle import Means, check_bundle
from workers.bundle.checks.report import Check
from workers.bundle.write import CHECKSUMS, FILES
from workers.profiling.reference import reference_model

OF_THE_MODEL = {"outputs, model.onnx", "validation accuracy, model.onnx", "test accuracy, model.onnx"}
EditCard = Callable[[str, Any], None]
ALL_CHECKS = [
    "files",
    "cost",
    "model.onnx",
    "outputs, model.onnx",
    "data set",
    "validation accuracy, model.onnx",
    "test accuracy, model.onnx",
    "latency on target 0",
]


def wrong(bundle: Path, means: Means) -> dict[str, Check]:
    """The checks that disagree, by name."""
    report = check_bundle(bundle, means)
    assert report.agrees is not any(check.agrees is False for check in report.checks)
    return {check.name: check for check in report.checks if check.agrees is False}


def test_a_bundle_as_it_was_made_agrees_with_its_card(made: Made, means: Means) -> None:
    report = check_bundle(made.folder, means)
    assert [check.name for check in report.checks] == ALL_CHECKS
    assert [check.detail for check in report.checks if check.agrees is not True] == []


def test_accuracies_are_found_again_exactly(made: Made, means: Means) -> None:
    found = {check.name: check.found for check in check_bundle(made.folder, means).checks}
    (file,) = made.parts.card.files
    assert found["validation accuracy, model.onnx"] == file.validation.accuracy
    assert found["test accuracy, model.onnx"] == file.test.accuracy


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_in_any_file_is_found(name: str, bundle: Path, means: Means) -> None:
    content = bytearray((bundle / name).read_bytes())
    content[len(content) // 2] ^= 1
    (bundle / name).write_bytes(content)
    assert f"{name} was changed" in wrong(bundle, means)["files"].detail


@pytest.mark.parametrize("name", [*FILES, CHECKSUMS])
def test_a_missing_file_is_named(name: str, bundle: Path, means: Means) -> None:
    (bundle / name).unlink()
    assert name in wrong(bundle, means)["files"].detail


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_other_content_with_a_fitting_checksum_is_reported_not_raised(
    name: str, bundle: Path, means: Means
) -> None:
    (bundle / name).write_text("[]")
    sign(bundle)
    check_bundle(bundle, means)


def test_changed_weights_give_other_outputs_than_the_exported_file(bundle: Path, means: Means) -> None:
    content = bytearray((bundle / "weights.safetensors").read_bytes())
    content[-1] ^= 0x40  # the exponent of the last float
    (bundle / "weights.safetensors").write_bytes(content)
    sign(bundle)
    assert set(wrong(bundle, means)) == {"outputs, model.onnx"}


def test_a_model_of_another_shape_in_place_of_the_exported_one_is_refused(bundle: Path, means: Means) -> None:
    (bundle / "model.onnx").write_bytes(reference_model())
    sign(bundle)
    found = wrong(bundle, means)
    assert {"model.onnx", *OF_THE_MODEL} <= set(found)
    assert "cannot be run" in found["outputs, model.onnx"].detail


def test_another_bundles_model_is_not_taken_for_this_one(bundle: Path, means: Means) -> None:
    model = onnx.load(bundle / "model.onnx")
    for tensor in model.graph.initializer:
        if len(tensor.dims) == 4:
            tensor.raw_data = bytes(len(tensor.raw_data))
    onnx.save(model, bundle / "model.onnx")
    sign(bundle)
    assert {"model.onnx", *OF_THE_MODEL} <= set(wrong(bundle, means))


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_card_that_boasts_is_caught(split: str, made: Made, bundle: Path, edit_card: EditCard, means: Means) -> None:
    truth = getattr(made.parts.card.files[0], split).accuracy
    edit_card(f"files.0.{split}.accuracy", truth + 0.05)
    ((name, check),) = wrong(bundle, means).items()
    assert name == f"{split} accuracy, model.onnx"
    assert (check.stated, check.found) == (truth + 0.05, truth)


def test_one_image_that_tips_over_on_another_processor_is_tolerated(
    made: Made, bundle: Path, edit_card: EditCard, means: Means
) -> None:
    edit_card("files.0.test.accuracy", made.parts.card.files[0].test.accuracy + 1 / 269)
    assert wrong(bundle, means) == {}


def test_costs_that_are_not_the_architectures_are_caught(bundle: Path, edit_card: EditCard, means: Means) -> None:
    edit_card("cost.macs", 12)
    assert "macs is" in wrong(bundle, means)["cost"].detail


def test_a_latency_that_is_not_found_again_is_caught(
    made: Made, bundle: Path, edit_card: EditCard, means: Means
) -> None:
    edit_card("latencies.0.reference_ratio", made.measured.reference_ratio / 2)
    assert set(wrong(bundle, means)) == {"latency on target 0"}


@pytest.mark.parametrize(
    ("path", "value", "difference"),
    [
        ("dataset.fingerprint", "0" * 64, "the same classes and counts"),
        ("dataset.spec.split_seed", 1, "the same classes and counts"),
        ("dataset.spec.test_fraction", 0.3, "images in each split"),
        ("dataset.spec.image_size", 16, "image shape"),
    ],
)
def test_accuracy_is_not_computed_on_another_data_set(
    path: str, value: Any, difference: str, bundle: Path, edit_card: EditCard, means: Means
) -> None:
    edit_card(path, value)
    checks = {check.name: check for check in check_bundle(bundle, means).checks}
    assert checks["data set"].agrees is False
    assert difference in checks["data set"].detail
    assert "test accuracy, model.onnx" not in checks


def test_without_its_data_set_a_bundle_is_checked_on_random_images_and_fails(
    bundle: Path, edit_card: EditCard, means: Means
) -> None:
    edit_card("dataset.spec.name", "npz:lost.npz")
    checks = {check.name: check for check in check_bundle(bundle, means).checks}
    assert checks["data set"].agrees is False
    assert "lost.npz" in checks["data set"].detail
    assert checks["outputs, model.onnx"].agrees
    assert "random images" in checks["outputs, model.onnx"].detail


def test_a_card_that_lacks_a_field_is_an_error_that_names_it(bundle: Path, edit_card: EditCard, means: Means) -> None:
    edit_card("files.0.test", {"accuracy": 0.9})
    assert "files.0.test.sample_count: Field required" in wrong(bundle, means)["card"].detail


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "folder/file", ".."])
def test_checksums_of_files_elsewhere_are_not_computed(name: str, bundle: Path, means: Means) -> None:
    with (bundle / CHECKSUMS).open("a") as file:
        file.write(f"{'0' * 64}  {name}\n")
    assert "names no file of the bundle" in wrong(bundle, means)["files"].detail


def run(bundle: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "workers.bundle.verify", str(bundle), "--seconds", "0.2", *options]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_command_prints_one_json_document_and_does_not_judge_other_devices(
    bundle: Path, edit_card: EditCard
) -> None:
    edit_card("latencies.0.birthplace.device_id", "elsewhere")
    done = run(bundle, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert report["agrees"] is True
    assert report["bundle"] == str(bundle)
    *judged, latency = report["checks"]
    assert all(check["agrees"] is True for check in judged)
    assert latency["agrees"] is None
    assert latency["found"] > 0
    assert set(latency) == {"name", "stated", "found", "tolerance", "agrees", "detail"}


def test_the_command_says_in_words_what_disagrees(bundle: Path) -> None:
    shutil.rmtree(bundle)
    bundle.mkdir()
    done = run(bundle)
    assert (done.returncode, done.stderr) == (1, "")
    assert "is no bundle" in done.stdout
    assert done.stdout.endswith(f"{bundle} DISAGREES with its card\n")


def test_a_bundle_made_on_an_upload_is_judged_with_the_uploaded_file(
    bundle: Path, edit_card: EditCard, means: Means, tmp_path: Path
) -> None:
    """The same digits, but as arrays: another data set, and found to be one."""
    edit_card("dataset.spec.name", "dataset-0123456789ab")
    without = {check.name: check for check in check_bundle(bundle, means).checks}
    assert without["data set"].agrees is None
    assert "--data" in without["data set"].detail
    assert "test accuracy, model.onnx" not in without
    uploaded = replace(means, uploaded=digits_npz(tmp_path / "digits.npz"))
    assert "another data set" in wrong(bundle, uploaded)["data set"].detail
