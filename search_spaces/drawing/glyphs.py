"""Small signs for what an operator looks at: a dense kernel, a depthwise one, a pooling window, everything."""

from xml.etree.ElementTree import Element

from search_spaces import BlockPlan
from search_spaces.drawing.svg import add, box, path

CELL = 4.5
"""From one cell of a kernel to the next."""
LARGEST = 9
"""Cells a side that fit on a card; larger kernels are drawn with as many."""
DEPTHWISE_KINDS = ("separable", "inverted")


def glyph(parent: Element, block: BlockPlan, centre: tuple[float, float]) -> None:
    """The sign of a block around `centre`."""
    if block.kind == "classifier":
        classifier(parent, centre)
    elif block.kind == "global_pool":
        pooling(parent, 5, centre)
    elif block.kind == "pool":
        pooling(parent, block.kernel, centre)
    elif block.kind in DEPTHWISE_KINDS:
        depthwise(parent, block.kernel, centre)
    else:
        dense(parent, block.kernel, centre)


def dense(parent: Element, kernel: int, centre: tuple[float, float]) -> None:
    """A kernel over all channels: full squares."""
    cells = [f"M{x - 1.7:g} {y - 1.7:g}h3.4v3.4h-3.4z" for x, y in _cells(kernel, centre)]
    path(parent, "hue", "".join(cells))


def depthwise(parent: Element, kernel: int, centre: tuple[float, float]) -> None:
    """A kernel for each channel by itself: dots."""
    dots = [f"M{x - 1.6:g} {y:g}a1.6 1.6 0 1 0 3.2 0a1.6 1.6 0 1 0-3.2 0z" for x, y in _cells(kernel, centre)]
    path(parent, "hue", "".join(dots))


def pooling(parent: Element, kernel: int, centre: tuple[float, float]) -> None:
    """A window without weights: an outline around one value."""
    side = CELL * min(kernel, LARGEST)
    corner = (centre[0] - side / 2, centre[1] - side / 2, side, side)
    box(parent, "window hue-line", corner, 2)
    add(parent, "circle", "hue", cx=centre[0], cy=centre[1], r=1.8)


def classifier(parent: Element, centre: tuple[float, float]) -> None:
    """Everything connected to everything."""
    x, y = centre
    left = [(x - 9, y + offset) for offset in (-9, 0, 9)]
    right = [(x + 9, y + offset) for offset in (-5, 5)]
    lines = [f"M{a:g} {b:g}L{c:g} {d:g}" for a, b in left for c, d in right]
    path(parent, "window hue-line", "".join(lines))
    for a, b in left + right:
        add(parent, "circle", "hue", cx=a, cy=b, r=2.4)


def _cells(kernel: int, centre: tuple[float, float]) -> list[tuple[float, float]]:
    """Centres of k x k cells."""
    side = min(kernel, LARGEST)
    offsets = [CELL * (index - (side - 1) / 2) for index in range(side)]
    return [(centre[0] + dx, centre[1] + dy) for dy in offsets for dx in offsets]
