"""Figures small enough to stand in a line of text or a row of a table, as paths of an SVG."""

from collections.abc import Sequence

WIDTH, HEIGHT = 72, 20
MARGIN = 1.5
"""Half of the line's width, and a little air."""


STRIP_WIDTH, STRIP_HEIGHT = 240, 36


def dots_path(values: Sequence[float], top: float) -> str:
    """A dot a value, from the left to the right edge; values beyond `top` lie at it. To be stroked with round caps."""
    step = (STRIP_WIDTH - 2 * MARGIN) / max(1, len(values) - 1)
    places = ((MARGIN + index * step, strip_height(value, top)) for index, value in enumerate(values))
    return "".join(f"M{x:.1f} {y:.1f}h0" for x, y in places)


def strip_height(value: float, top: float) -> float:
    """Where a value lies, from above."""
    return STRIP_HEIGHT - MARGIN - min(1.0, value / top) * (STRIP_HEIGHT - 2 * MARGIN)


def step_path(ratios: Sequence[float]) -> str:
    """Steps through values in [0, 1] at even distances, from the left to the right edge; empty for no values.

    A value holds until the next one comes, as a front does.
    """
    if not ratios:
        return ""
    heights = [HEIGHT - MARGIN - ratio * (HEIGHT - 2 * MARGIN) for ratio in ratios]
    step = (WIDTH - 2 * MARGIN) / max(1, len(ratios) - 1)
    drawn = [f"M{MARGIN:g} {heights[0]:.1f}"]
    drawn += [f"H{MARGIN + index * step:.1f}V{height:.1f}" for index, height in enumerate(heights[1:], 1)]
    return "".join(drawn) if len(ratios) > 1 else f"{drawn[0]}H{WIDTH - MARGIN:g}"
