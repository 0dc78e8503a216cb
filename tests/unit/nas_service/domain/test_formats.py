"""One table says what a runtime executes, and specs are held to it."""

from typing import get_args

import pytest
from pydantic import ValidationError

from nas_service.domain.formats import RUNS, ModelFormat, PrecisionName, RuntimeName
from nas_service.domain.spec import TargetSpec


def test_every_name_stands_in_the_table() -> None:
    assert {runtime for runtime, _ in RUNS} == set(get_args(RuntimeName))
    assert {precision for _, precision in RUNS} == set(get_args(PrecisionName))
    assert set(RUNS.values()) == set(ModelFormat)


def test_each_format_has_a_file_of_its_own() -> None:
    assert len({model_format.file_name for model_format in ModelFormat}) == len(ModelFormat)


def test_a_target_knows_the_file_that_it_executes() -> None:
    assert TargetSpec().format is ModelFormat.ONNX
    assert TargetSpec(precision="int8").format is ModelFormat.ONNX_INT8
    assert TargetSpec(runtime="torch-compile").format is ModelFormat.PT2


@pytest.mark.parametrize("runtime", ["torch", "torch-cuda", "onnxruntime-cuda"])
def test_what_no_runtime_executes_is_refused_with_what_is_possible(runtime: RuntimeName) -> None:
    with pytest.raises(
        ValidationError, match=f"{runtime} executes fp32 only; int8 is executed by onnxruntime"
    ) as caught:
        TargetSpec(runtime=runtime, precision="int8")
    assert caught.value.errors()[0]["loc"] == ("precision",)


def test_more_images_than_a_runtimes_files_are_made_for_are_refused() -> None:
    assert TargetSpec(runtime="executorch", batch_size=128).batch_size == 128
    with pytest.raises(ValidationError, match="executorch takes at most 128 images a call, not 129"):
        TargetSpec(runtime="executorch", batch_size=129)
