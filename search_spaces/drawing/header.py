"""Paints the header: what network this is, its totals, and what the signs mean."""

from collections.abc import Callable
from xml.etree.ElementTree import Element

from search_spaces import NetworkPlan
from search_spaces.drawing import words
from search_spaces.drawing.flow import paint_plus
from search_spaces.drawing.glyphs import dense, depthwise, pooling
from search_spaces.drawing.layout import BAND_RIGHT, BAND_X
from search_spaces.drawing.svg import add, text

LEFT = BAND_X + 16
TITLE_LENGTH = 36
"""Characters of a space's name that fit."""
TILES_Y, LEGEND_Y = 116, 172


def paint_header(parent: Element, plan: NetworkPlan) -> None:
    """Title, totals and legend."""
    name = plan.space if len(plan.space) <= TITLE_LENGTH else f"{plan.space[: TITLE_LENGTH - 1]}…"
    text(parent, "title ink", (LEFT, 50), name)
    text(parent, "soft", (LEFT, 74), summary(plan))
    totals = {
        "multiply-accumulates": words.quantity(plan.macs),
        "parameters": words.quantity(plan.params),
        "weights, fp32": words.byte_count(plan.weight_bytes),
        "peak activations": words.byte_count(plan.peak_activation_bytes),
    }
    width = (BAND_RIGHT - LEFT) / len(totals)
    for index, (label, figure) in enumerate(totals.items()):
        x = LEFT + index * width
        text(parent, "figure ink", (x, TILES_Y), figure)
        text(parent, "small soft", (x, TILES_Y + 18), label)
    _paint_legend(parent)


def summary(plan: NetworkPlan) -> str:
    """The network in one line."""
    image = words.image_shape(plan.input.channels, plan.resolution)
    return f"{image} image to {plan.input.class_count} classes, {len(plan.blocks)} blocks"


def _paint_legend(parent: Element) -> None:
    """What the signs on the cards mean, from left to right."""
    signs: list[tuple[int, str, Callable[[Element, tuple[float, float]], None]]] = [
        (0, "dense kernel", lambda g, at: dense(g, 3, at)),
        (120, "depthwise kernel", lambda g, at: depthwise(g, 3, at)),
        (260, "pooling", lambda g, at: pooling(g, 3, at)),
        (346, "skip", paint_plus),
        (408, "SE: squeeze-and-excite", lambda g, at: None),
    ]
    group = add(parent, "g", "conv")
    for x, label, paint in signs:
        paint(group, (LEFT + x + 7, LEGEND_Y - 4))
        text(group, "small soft", (LEFT + x + 20, LEGEND_Y), label)
