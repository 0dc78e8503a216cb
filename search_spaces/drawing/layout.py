"""Where everything of a drawing stands: one column, from the input at the top to the logits at the bottom."""

from dataclasses import dataclass

from search_spaces.drawing.content import Run, Stage

WIDTH = 608
BAND_X, BAND_RIGHT = 10, 598
CARD_X, CARD_RIGHT = 44, 588
CARD_HEIGHT, POOL_HEIGHT = 52, 28
SPINE_X = 71
"""The line that the tensors flow along; it passes behind the middle of every card's glyph."""
TEXT_X = 98
SKIP_X = 25
SHARE_X = CARD_RIGHT - 10

TOP = 196
"""The header ends here."""
INPUT_HEIGHT = 20
GAP = 32
"""Between two cards: room for an arrow and a tensor's shape."""
BAND_HEADER, BAND_FOOTER = 36, 18
FOOTER = 48


@dataclass(frozen=True, slots=True)
class Card:
    """A run of blocks at `y`; `pool_y` is where the pool before it stands, if there is one."""

    run: Run
    y: int
    pool_y: int | None

    @property
    def bottom(self) -> int:
        """Lower edge."""
        return self.y + CARD_HEIGHT


@dataclass(frozen=True, slots=True)
class Band:
    """A stage behind its cards."""

    stage: Stage
    y: int
    height: int
    cards: tuple[Card, ...]

    @property
    def bottom(self) -> int:
        """Lower edge."""
        return self.y + self.height


@dataclass(frozen=True, slots=True)
class Layout:
    """All bands, and the height of the whole."""

    bands: tuple[Band, ...]
    height: int


def lay_out(stages: list[Stage]) -> Layout:
    """Stack the stages."""
    y = TOP + INPUT_HEIGHT + GAP // 2
    bands = []
    for stage in stages:
        bands.append(_band(stage, y))
        y += bands[-1].height + GAP
    return Layout(tuple(bands), y - GAP + FOOTER)


def _band(stage: Stage, top: int) -> Band:
    y = top + BAND_HEADER
    cards = []
    for run in stage.runs:
        pool_y = y if run.pools_first else None
        y += POOL_HEIGHT + GAP if run.pools_first else 0
        cards.append(Card(run, y, pool_y))
        y += CARD_HEIGHT + GAP
    return Band(stage, top, y - GAP + BAND_FOOTER - top, tuple(cards))
