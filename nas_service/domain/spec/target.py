"""What a latency belongs to."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from nas_service.domain.formats import (
    LARGEST_BATCHES,
    RUNS,
    ModelFormat,
    PrecisionName,
    RuntimeName,
    precisions_of,
    runtimes_at,
)
from nas_service.domain.spec.model import SpecModel

LOCAL_DEVICE = "local"
"""Where the service's own workers run."""


class TargetSpec(SpecModel):
    """Device x runtime x precision x threads x batch size: what a latency belongs to."""

    device: Annotated[str, Field(min_length=1, max_length=64)] = LOCAL_DEVICE
    """`local`, or the name of a connected device."""
    runtime: RuntimeName = "onnxruntime"
    """What executes the exported model."""
    precision: PrecisionName = "fp32"
    """Number format of weights and activations; not every runtime executes every one."""
    threads: Annotated[int, Field(ge=1, le=256)] = 1
    """Threads the runtime may use."""
    batch_size: Annotated[int, Field(ge=1, le=4096)] = 1
    """Images a call."""

    @field_validator("precision")
    @classmethod
    def _runtime_executes_it(cls, precision: PrecisionName, info: ValidationInfo) -> PrecisionName:
        runtime: RuntimeName | None = info.data.get("runtime")  # None: it is reported itself
        if runtime is not None and (runtime, precision) not in RUNS:
            own, others = ", ".join(precisions_of(runtime)), ", ".join(runtimes_at(precision))
            raise ValueError(f"{runtime} executes {own} only; {precision} is executed by {others}")
        return precision

    @field_validator("batch_size")
    @classmethod
    def _runtime_takes_so_many(cls, batch_size: int, info: ValidationInfo) -> int:
        runtime = info.data.get("runtime")
        most = LARGEST_BATCHES.get(runtime, batch_size) if runtime is not None else batch_size
        if batch_size > most:
            raise ValueError(f"{runtime} takes at most {most} images a call, not {batch_size}")
        return batch_size

    @property
    def format(self) -> ModelFormat:
        """The exported file that is executed."""
        return RUNS[self.runtime, self.precision]
