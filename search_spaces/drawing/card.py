"""Paints a card: one block, or a run of identical ones."""

from xml.etree.ElementTree import Element

from search_spaces.drawing import words
from search_spaces.drawing.content import Run
from search_spaces.drawing.glyphs import glyph, pooling
from search_spaces.drawing.layout import CARD_HEIGHT, CARD_RIGHT, CARD_X, POOL_HEIGHT, SHARE_X, SPINE_X, TEXT_X, Card
from search_spaces.drawing.svg import add, box, more, path, text

CARD_WIDTH = CARD_RIGHT - CARD_X
RADIUS = 8
BAR_X, BAR_WIDTH, BAR_HEIGHT = 462, 66, 7
FIRST_LINE, SECOND_LINE = 22, 40


def paint_card(parent: Element, card: Card, largest_share: float) -> None:
    """The card, the pool before it, and for a run the cards behind it. `largest_share` fills a bar."""
    group = add(parent, "g", card.run.block.kind)
    add(group, "title").text = words.sentence(card.run)
    if card.pool_y is not None:
        _paint_pool(group, card.run, card.pool_y)
    if card.run.count > 1:
        for offset in (8, 4):
            box(group, "card", (CARD_X + offset, card.y + offset, CARD_WIDTH - 2 * offset, CARD_HEIGHT), RADIUS)
    box(group, "card", (CARD_X, card.y, CARD_WIDTH, CARD_HEIGHT), RADIUS)
    _paint_edge(group, card.y, CARD_HEIGHT)
    glyph(group, card.run.block, (SPINE_X, card.y + CARD_HEIGHT / 2))
    _paint_words(group, card)
    if card.run.macs_share or card.run.params_share:
        _paint_bar(group, "MACs", card.run.macs_share, largest_share, card.y + FIRST_LINE)
        _paint_bar(group, "params", card.run.params_share, largest_share, card.y + SECOND_LINE)
    if card.run.count > 1:
        _paint_count(group, card)


def _paint_edge(group: Element, y: int, height: int) -> None:
    """The stripe in the colour of the block's kind, within the card's rounded corners."""
    curve = f"a{RADIUS} {RADIUS} 0 0"
    path(
        group,
        "hue",
        f"M{CARD_X + RADIUS} {y}{curve} 0-{RADIUS} {RADIUS}v{height - 2 * RADIUS}{curve} 0 {RADIUS} {RADIUS}"
        f"a4 {RADIUS} 0 0 1-4-{RADIUS}v-{height - 2 * RADIUS}a4 {RADIUS} 0 0 1 4-{RADIUS}z",
    )


def _paint_words(group: Element, card: Card) -> None:
    block = card.run.block
    first = text(group, "name ink", (TEXT_X, card.y + FIRST_LINE), words.block_name(block))
    for css, fact in (("ink", words.window(block)), ("hue", words.stride(block))):
        if fact:
            more(first, f"plain {css}", fact, 9)
    second = text(group, "soft", (TEXT_X, card.y + SECOND_LINE), words.channels(block))
    for fact in words.details(block):
        more(second, "soft", f"· {fact}")


def _paint_bar(group: Element, label: str, share: float, largest_share: float, baseline: int) -> None:
    y = baseline - BAR_HEIGHT - 1
    text(group, "small soft", (BAR_X - 7, baseline), label, "end")
    box(group, "track", (BAR_X, y, BAR_WIDTH, BAR_HEIGHT), BAR_HEIGHT / 2)
    if share > 0:
        width = max(BAR_HEIGHT / 2, BAR_WIDTH * share / largest_share)
        box(group, "hue" if label == "MACs" else "hue pale", (BAR_X, y, round(width, 1), BAR_HEIGHT), BAR_HEIGHT / 2)
    text(group, "small ink", (SHARE_X, baseline), words.percent(share), "end")


def _paint_count(group: Element, card: Card) -> None:
    width, height = 38, 20
    x, y = CARD_RIGHT - width - 10, card.bottom - 5
    box(group, "badge", (x, y, width, height), height / 2)
    text(group, "badge-text", (x + width / 2, y + 14.3), f"× {card.run.count}", "middle")


def _paint_pool(group: Element, run: Run, y: int) -> None:
    pool = add(group, "g", "pool")
    box(pool, "card", (CARD_X, y, CARD_WIDTH, POOL_HEIGHT), RADIUS)
    _paint_edge(pool, y, POOL_HEIGHT)
    pooling(pool, 2, (SPINE_X, y + POOL_HEIGHT / 2))
    line = text(pool, "strong ink", (TEXT_X, y + 19), words.pool_before(run.block))
    more(line, "plain hue", "stride 2", 9)
