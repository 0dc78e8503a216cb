"""The examples on the OpenAPI page. Each runs as it is on a fresh service."""

from typing import Any

QUICKSTART: dict[str, Any] = {
    "name": "digits-quickstart",
    "dataset": {"name": "digits"},
    "budget": {"candidates": 24, "minutes": 5},
}

CONSTRAINED: dict[str, Any] = {
    "name": "digits-three-objectives",
    "dataset": {"name": "digits"},
    "space": {"name": "mobilenet", "choices": {"width_multiplier": [0.25, 0.5]}},
    "objectives": [{"metric": "accuracy"}, {"metric": "latency_ms"}, {"metric": "size_bytes"}],
    "constraints": [{"metric": "size_bytes", "max": 500_000}],
    "strategy": {"sampler": "nsga2"},
    "budget": {"candidates": 40},
    "training": {"epochs": 10},
}

QUICKSTART_YAML = """\
name: digits-quickstart
dataset: {name: digits}
budget: {candidates: 24, minutes: 5}
"""

JSON_EXAMPLES: dict[str, Any] = {
    "quickstart": {"summary": "Accuracy against latency, on built-in digits", "value": QUICKSTART},
    "three-objectives": {"summary": "Three objectives with a size limit", "value": CONSTRAINED},
}

YAML_EXAMPLES: dict[str, Any] = {
    "quickstart": {"summary": "Accuracy against latency, on built-in digits", "value": QUICKSTART_YAML},
}
