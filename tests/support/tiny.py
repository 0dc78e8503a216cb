"""Searches small enough for tests: networks of a few thousand weights on 8 x 8 digits."""

from typing import Any

import search_spaces

FREE = ("head_width", "stage1_activation", "stage2_activation", "stage3_activation")


def tiny_space(*free: str) -> dict[str, Any]:
    """`mobilenet` with every choice fixed at its cheapest, but for those named (by default 24 networks are left)."""
    space = search_spaces.get("mobilenet", preset="tiny")
    return {
        "name": "mobilenet",
        "preset": "tiny",
        "choices": {c.name: [c.options[0]] for c in space.choices if c.name not in (free or FREE)},
    }


def tiny_search(**parts: Any) -> dict[str, Any]:
    """A spec; `parts` replace what is said here."""
    return {
        "dataset": {"name": "digits"},
        "space": tiny_space(),
        "strategy": {"sampler": "random"},
        "budget": {"candidates": 3},
        "training": {"epochs": 2, "precision": "fp32"},
        "finalize": {"timings": 1},
        **parts,
    }
