"""Numbers as people read them. The stored units are in the field names; here they are written out."""

import numpy as np

from nas_service.domain.spec import Metric, TargetSpec


def percent(share: float) -> str:
    """`0.97315` -> `97.31 %`, cut and not rounded up: an accuracy is never shown better than it is."""
    return f"{int(share * 10_000 + 1e-9) / 100:.2f} %"


def significant(value: float, digits: int = 3) -> str:
    """Fixed notation with this many significant digits: `0.03417` -> `0.0342`, `12.34` -> `12.3`."""
    return np.format_float_positional(value, precision=digits, fractional=False, trim="-")


def scaled(value: float, unit: str) -> str:
    """With a decimal prefix: `84213` bytes -> `84.2 kB`."""
    for prefix in ("", "k", "M", "G"):
        if abs(value) < 1000 or prefix == "G":
            break
        value /= 1000
    return f"{significant(value)} {prefix}{unit}".rstrip()


def duration(seconds: float) -> str:
    """`75` -> `1:15`, with hours where there are any."""
    minutes, second = divmod(max(0, round(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


def metric_of(key: str) -> tuple[str, str]:
    """`latency_ms@0` -> (`latency_ms`, `0`); the second is empty for metrics without a target."""
    metric, _, target = key.partition("@")
    return metric, target


def target_name(target: TargetSpec) -> str:
    """`local onnxruntime fp32 × 1`, with its batch where that is larger than 1."""
    batch = f", batch {target.batch_size}" if target.batch_size > 1 else ""
    return f"{target.device} {target.runtime} {target.precision} × {target.threads}{batch}"


HEADINGS = {
    Metric.ACCURACY.value: "accuracy",
    Metric.LATENCY_MS.value: "latency",
    "predicted_latency_ms": "predicted latency",
    Metric.SIZE_BYTES.value: "size",
    Metric.MACS.value: "MACs",
    Metric.PARAMS.value: "parameters",
    Metric.PEAK_MEMORY_MIB.value: "peak memory",
    Metric.SHARPNESS.value: "sharpness",
    Metric.PACKED_BYTES.value: "packed weights",
    "test_accuracy": "test accuracy",
    "model_file_bytes": "deployed file",
    "latency_ratio": "latency ratio",
    "peak_memory_ratio": "peak memory ratio",
}


def heading(key: str, target_count: int = 1) -> str:
    """What to call a metric; the target is named where there is more than one, and what is across all of them."""
    metric, target = metric_of(key)
    named = target and (target_count > 1 or not target.isdigit())
    return HEADINGS[metric] + (f" @{target}" if named else "")


def metric_text(key: str, value: float | None) -> str:
    """A metric's value with its unit; a dash where it is not known."""
    metric, _ = metric_of(key)
    if value is None:
        return "-"
    if metric.endswith(Metric.ACCURACY):
        return percent(value)
    if metric in (Metric.LATENCY_MS, "predicted_latency_ms"):
        return f"{significant(value)} ms"
    if metric == Metric.PEAK_MEMORY_MIB:
        return f"{significant(value)} MiB"
    if metric == Metric.SHARPNESS:
        return f"{significant(value)} nats"
    if metric.endswith("_ratio"):
        return significant(value)
    return scaled(value, "B" if metric.endswith("_bytes") else "")


def change_text(key: str, before: float, after: float) -> str:
    """`+0.4 points` of an accuracy, `-53 %` of anything else; empty where there is no share to tell."""
    if metric_of(key)[0].endswith(Metric.ACCURACY):
        return f"{100 * (after - before):+.1f} points"
    return f"{100 * (after / before - 1):+.0f} %" if before else ""


def half_width_text(key: str, interval: tuple[float, float] | None) -> str:
    """Half of a 95 % interval, to be written behind its value; empty where there is none."""
    if interval is None:
        return ""
    half = (interval[1] - interval[0]) / 2
    return f" +-{significant(100 * half if metric_of(key)[0] == Metric.ACCURACY else half, 2)}"


def interval_text(key: str, interval: tuple[float, float] | None) -> str:
    """`0.204 – 0.211 ms`: a 95 % interval by its ends; empty where there is none."""
    if interval is None:
        return ""
    low, high = (metric_text(key, end) for end in interval)
    unit = high.partition(" ")[2]
    return f"{low.removesuffix(f' {unit}') if unit else low} – {high}"
