"""A line small enough to stand in a row of a table, as the path of an SVG."""

from collections.abc import Sequence

WIDTH, HEIGHT = 72, 20
MARGIN = 1.5
"""Half of the line's width, and a little air."""


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
