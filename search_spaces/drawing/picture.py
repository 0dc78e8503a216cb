"""Composes a drawing: ground, header, bands, arrows, cards; and says in words what it shows."""

from xml.etree.ElementTree import Element

from search_spaces import NetworkPlan
from search_spaces.drawing import words
from search_spaces.drawing.card import paint_card
from search_spaces.drawing.flow import paint_flow, paint_skip
from search_spaces.drawing.header import paint_header, summary
from search_spaces.drawing.layout import BAND_RIGHT, BAND_X, SHARE_X, TEXT_X, WIDTH, Band, Layout
from search_spaces.drawing.style import stylesheet
from search_spaces.drawing.svg import NAMESPACE, add, box, text

SHOWN_WIDTH = 760
"""Pixels wide where there is room for it."""


def picture_of(plan: NetworkPlan, layout: Layout) -> Element:
    """The `svg` element."""
    root = Element(
        "svg",
        {
            "xmlns": NAMESPACE,
            "viewBox": f"0 0 {WIDTH} {layout.height}",
            "width": f"{SHOWN_WIDTH}",
            "height": f"{layout.height * SHOWN_WIDTH / WIDTH:g}",
            "role": "img",
            "aria-labelledby": "architecture-title architecture-description",
        },
    )
    add(root, "title", id="architecture-title").text = f"Architecture of a {plan.space} network"
    add(root, "desc", id="architecture-description").text = _description(plan, layout)
    add(root, "style").text = stylesheet()
    box(root, "ground", (0.5, 0.5, WIDTH - 1, layout.height - 1), 14)
    paint_header(root, plan)
    for band in layout.bands:
        _paint_band(root, band)
    paint_flow(root, layout, words.image_shape(plan.input.channels, plan.resolution))
    cards = [card for band in layout.bands for card in band.cards]
    largest = max(max(card.run.macs_share, card.run.params_share) for card in cards)
    for card in cards:
        paint_card(root, card, largest)
        if card.run.block.residual:
            paint_skip(root, card)
    return root


def _paint_band(root: Element, band: Band) -> None:
    box(root, "band", (BAND_X, band.y, BAND_RIGHT - BAND_X, band.height), 12)
    text(root, "stage ink", (TEXT_X, band.y + 21), band.stage.name)
    costs = f"{words.quantity(band.stage.macs)} MACs  ·  {words.quantity(band.stage.params)} params"
    text(root, "small soft", (SHARE_X, band.y + 21), costs, "end")


def _description(plan: NetworkPlan, layout: Layout) -> str:
    totals = f"{words.quantity(plan.macs)} MACs, {words.quantity(plan.params)} parameters"
    stages = " ".join(words.stage_sentence(band.stage) for band in layout.bands)
    return f"{summary(plan)}; {totals}, {words.byte_count(plan.weight_bytes)} of weights. {stages}"
