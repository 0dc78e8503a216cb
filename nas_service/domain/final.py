"""What a finalized candidate is worth, by the files in its bundle."""

from nas_service.domain.across import with_across
from nas_service.domain.entities import JsonDict
from nas_service.domain.estimates import Estimates, latency_interval, wilson
from nas_service.domain.executed import at_precision
from nas_service.domain.formats import ModelFormat
from nas_service.domain.metrics import deployed_target, judged_by_training, judges_by_files, metric_key
from nas_service.domain.spec import Metric, SearchSpec


def final_numbers(spec: SearchSpec, known: Estimates, final: JsonDict | None) -> Estimates | None:
    """The numbers of the search with those that were taken again of the finished files; None without a bundle.

    The accuracies are those of the exported files on the validation images, the latencies the last ones measured.
    The test accuracy is not among them: what is chosen by it is no test any more.
    """
    if final is None or "bundle" not in final:
        return None
    spec, images = at_precision(spec, final.get("precision")), final.get("validation_samples")
    for key, accuracy in _accuracies(spec, final).items():
        known = known.with_one(key, accuracy, wilson(accuracy, images) if images else None)
    for target, latency in final.get("latency", {}).items():
        key = metric_key(Metric.LATENCY_MS, int(target))
        known = known.with_one(key, latency["median_ms"], latency_interval(latency))
        if latency.get("peak_memory_mib") is not None:
            known = known.with_one(metric_key(Metric.PEAK_MEMORY_MIB, int(target)), latency["peak_memory_mib"])
    for metric in judged_by_training(spec):
        value = final["sharpness"]["loss_rise"] if metric is Metric.SHARPNESS else final[metric]
        known = known.with_one(metric.value, value)
    return with_across(spec, known)


def _accuracies(spec: SearchSpec, final: JsonDict) -> dict[str, float]:
    """By metric key: of the fp32 file for the network, and of the one that each target executes where that counts.

    Of a child, which is what is executed of it, that file counts as the network's.
    """
    if "files" not in final:  # finalized when there was but one
        return {Metric.ACCURACY.value: final["validation_accuracy"]} if "validation_accuracy" in final else {}
    of = {name: figures["validation_accuracy"] for name, figures in final["files"].items()}
    executed: dict[str, str] = final.get("executed", {})
    network = executed.get(str(deployed_target(spec)), ModelFormat.ONNX.file_name)
    found = {Metric.ACCURACY.value: of[network]}
    if judges_by_files(spec):
        files = [executed.get(str(i), target.format.file_name) for i, target in enumerate(spec.targets)]
        found |= {metric_key(Metric.ACCURACY, i): of[file] for i, file in enumerate(files)}
    return found
