"""What a network is worth by its exported files: accuracies, latency and cost, as `nas compress` compares them."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

from nas_service.domain.entities import JsonDict
from nas_service.domain.estimates import Estimates, latency_interval, wilson
from nas_service.domain.formats import ModelFormat
from nas_service.domain.metrics import metric_key
from nas_service.domain.spec import Metric, TargetSpec
from workers.compression.deployed_cost import cost_of
from workers.export.exported import ExportedModel
from workers.export.files import Subject, write_files

Time = Callable[[Path, TargetSpec], JsonDict]
"""Times a file on a target: see `time_alone`."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """Numbers of the file that a target executes."""

    known: Estimates
    once: dict[str, float]
    """Test accuracy and the file's size."""

    @property
    def numbers(self) -> dict[str, float]:
        """All of them by name."""
        return self.known.metrics | self.once


def weigh(
    subject: Subject, target: TargetSpec, folder: Path, time: Time, given: Mapping[str, bytes] = MappingProxyType({})
) -> Weighed:
    """Write the network's files into `folder`, and take the numbers of the one that `target` executes.

    Raises ExportMismatchError, ModelRefusedError.
    """
    form = target.format
    formats = [f for f in ModelFormat if f in {form, ModelFormat.ONNX, ModelFormat.PT2}]
    list(write_files(subject, formats, folder, given))
    path = folder / form.file_name
    model = ExportedModel(path, form)
    validation, test = model.accuracy(subject.data.validation), model.accuracy(subject.data.test)
    quantized = ModelFormat.ONNX_INT8 if form.is_quantized else ModelFormat.ONNX
    cost = cost_of(folder / ModelFormat.PT2.file_name, folder / quantized.file_name)
    measured = time(path, target)
    known = Estimates({name: float(value) for name, value in asdict(cost).items()}, {})
    known = known.with_one(
        Metric.ACCURACY.value, validation.accuracy, wilson(validation.accuracy, validation.sample_count)
    )
    known = known.with_one(metric_key(Metric.LATENCY_MS, 0), measured["median_ms"], latency_interval(measured))
    return Weighed(known, {"test_accuracy": test.accuracy, "model_file_bytes": path.stat().st_size})
