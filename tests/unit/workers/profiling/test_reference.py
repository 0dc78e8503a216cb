"""The reference model is the same on every machine and in every release."""

import hashlib

import onnx

from scripts.reference_model import made
from workers.profiling.reference import reference_model


def test_reference_is_a_valid_model_of_known_bytes() -> None:
    content = reference_model()
    onnx.checker.check_model(onnx.load_model_from_string(content), full_check=True)
    assert hashlib.sha256(content).hexdigest() == (
        "f7c3ad9de4dc68a8f7a8e38b9b471fcdf3dab1ed6a9bc70f460ccf69138c8d45"
    ), "ratios to another reference cannot be compared with those already stored"


def test_the_file_is_what_its_script_makes() -> None:
    assert made() == reference_model()
