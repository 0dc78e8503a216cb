"""One network in every format, and a runtime at a precision that runs its file."""

from dataclasses import dataclass
from pathlib import Path

from nas_service.domain.formats import RUNS, ModelFormat, PrecisionName
from workers.profiling.prepare import prepared
from workers.profiling.runtimes import LoadedModel, Runtime
from workers.profiling.runtimes.contract import Array

IMAGE_SHAPE = (3, 16, 12)


@dataclass(frozen=True)
class Exported:
    """A network's files, images, and what torch computes of them."""

    folder: Path
    images: Array
    logits: Array

    def file(self, form: ModelFormat) -> Path:
        return self.folder / form.file_name


@dataclass(frozen=True)
class Case:
    """A runtime at a precision, and the network."""

    runtime: Runtime
    precision: PrecisionName
    exported: Exported

    @property
    def on_gpu(self) -> bool:
        return self.runtime.name.endswith("-cuda")

    @property
    def file(self) -> Path:
        return self.exported.file(RUNS[self.runtime.name, self.precision])

    def load(self, threads: int = 1) -> LoadedModel:
        return self.runtime.load(prepared(self.runtime, self.file, threads, lambda: None).model, threads)
