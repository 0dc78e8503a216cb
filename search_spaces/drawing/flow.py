"""Paints how tensors flow: arrows from card to card with the shapes on them, and skip connections around cards."""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from search_spaces.drawing import words
from search_spaces.drawing.layout import (
    GAP,
    INPUT_HEIGHT,
    POOL_HEIGHT,
    SHARE_X,
    SKIP_X,
    SPINE_X,
    TEXT_X,
    TOP,
    Card,
    Layout,
)
from search_spaces.drawing.svg import add, path, text

HEAD = 4
"""Half the width of an arrow's head."""
FORK, JOIN = 13, 10
"""How far above a card a skip connection leaves, and how far below it comes back."""
CORNER = 7
PLUS = 5.5


@dataclass(frozen=True, slots=True)
class Station:
    """Something that a tensor flows through, from `top` to `bottom`; the shape it `gives` is written at `shape_y`."""

    top: float
    bottom: float
    gives: str
    shape_y: float


def paint_flow(parent: Element, layout: Layout, input_shape: str) -> None:
    """Arrows along the spine, from the input to the logits."""
    text(parent, "strong ink", (TEXT_X, TOP + 14), f"{input_shape} input")
    text(parent, "small soft", (SHARE_X, TOP + 14), "share of the network", "end")
    add(parent, "circle", "arrow", cx=SPINE_X, cy=TOP + 10, r=4)
    start: float = TOP + INPUT_HEIGHT - 6
    stations = list(_stations(layout))
    for station in stations:
        _paint_arrow(parent, start, station.top)
        css = "strong ink" if station is stations[-1] else "small soft"
        text(parent, css, (TEXT_X, station.shape_y + 4), station.gives)
        start = station.bottom
    _paint_arrow(parent, start, layout.bands[-1].bottom + GAP / 2)


def paint_skip(parent: Element, card: Card) -> None:
    """From the tensor that enters the card, around it, to an addition behind it."""
    top, bottom = card.y - FORK, card.bottom + JOIN
    curve = f"a{CORNER} {CORNER} 0 0 0"
    tip = SPINE_X - PLUS
    path(
        parent,
        "skip",
        f"M{SPINE_X} {top}H{SKIP_X + CORNER}{curve}-{CORNER} {CORNER}V{bottom - CORNER}{curve} {CORNER} {CORNER}"
        f"H{tip - HEAD:g}",
    )
    add(parent, "circle", "skip-arrow", cx=SPINE_X, cy=top, r=2.5)
    path(parent, "skip-arrow", f"M{tip:g} {bottom}l-{2 * HEAD - 1} -{HEAD}v{2 * HEAD}z")
    paint_plus(parent, (SPINE_X, bottom))


def paint_plus(parent: Element, centre: tuple[float, float]) -> None:
    """An addition."""
    x, y = centre
    add(parent, "circle", "plus", cx=x, cy=y, r=PLUS)
    path(parent, "plus", f"M{x - 3:g} {y:g}h6M{x:g} {y - 3:g}v6")


def _stations(layout: Layout) -> Iterator[Station]:
    for band in layout.bands:
        for card in band.cards:
            if card.pool_y is not None:
                bottom = card.pool_y + POOL_HEIGHT
                yield Station(card.pool_y, bottom, words.pooled_shape(card.run.block), bottom + GAP / 2)
            below = band.bottom if card is band.cards[-1] else card.bottom
            yield Station(card.y, card.bottom, words.output_shape(card.run.block), below + GAP / 2)


def _paint_arrow(parent: Element, start: float, end: float) -> None:
    path(parent, "flow", f"M{SPINE_X} {start:g}V{end - HEAD:g}")
    path(parent, "arrow", f"M{SPINE_X} {end:g}l-{HEAD} -{HEAD + 3}h{2 * HEAD}z")
