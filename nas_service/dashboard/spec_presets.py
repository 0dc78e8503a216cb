"""Specs to begin from. Each runs as it is."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Preset:
    """A named spec."""

    label: str
    doc: str
    document: dict[str, Any]


PRESETS = (
    Preset(
        "Quick look",
        "24 networks on the built-in digits, in a few minutes",
        {"dataset": {"name": "digits"}, "budget": {"candidates": 24, "minutes": 5}, "training": {"epochs": 8}},
    ),
    Preset(
        "Small and fast",
        "Accuracy, latency and size, under a size limit",
        {
            "dataset": {"name": "digits"},
            "objectives": [{"metric": "accuracy"}, {"metric": "latency_ms"}, {"metric": "size_bytes"}],
            "constraints": [{"metric": "size_bytes", "max": 500_000}],
            "strategy": {"sampler": "nsga2"},
            "budget": {"candidates": 60},
            "training": {"epochs": 10},
        },
    ),
    Preset(
        "Thorough",
        "200 networks proposed by the predictor, trained longer",
        {
            "dataset": {"name": "digits"},
            "strategy": {"sampler": "predictor"},
            "budget": {"candidates": 200},
            "training": {"epochs": 20, "augment": ["crop"]},
        },
    ),
)
