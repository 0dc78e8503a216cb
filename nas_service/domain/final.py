"""What a finalized candidate is worth, by the files in its bundle."""

from nas_service.domain.across import with_across
from nas_service.domain.entities import JsonDict
from nas_service.domain.estimates import Estimates, latency_interval, wilson
from nas_service.domain.metrics import metric_key
from nas_service.domain.spec import Metric, SearchSpec


def final_numbers(spec: SearchSpec, known: Estimates, final: JsonDict | None) -> Estimates | None:
    """The numbers of the search with those that were taken again of the finished files; None without a bundle.

    The accuracy is that of the exported file on the validation images, the latencies are the last ones measured.
    The test accuracy is not among them: what is chosen by it is no test any more.
    """
    if final is None or "bundle" not in final:
        return None
    if "validation_accuracy" in final:
        accuracy, images = final["validation_accuracy"], final.get("validation_samples")
        known = known.with_one(Metric.ACCURACY.value, accuracy, wilson(accuracy, images) if images else None)
    for target, latency in final.get("latency", {}).items():
        key = metric_key(Metric.LATENCY_MS, int(target))
        known = known.with_one(key, latency["median_ms"], latency_interval(latency))
        if latency.get("peak_memory_mib") is not None:
            known = known.with_one(metric_key(Metric.PEAK_MEMORY_MIB, int(target)), latency["peak_memory_mib"])
    return with_across(spec, known)
