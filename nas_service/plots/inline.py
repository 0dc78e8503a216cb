"""A figure as SVG inside of a page: with letters that can be selected, and colours that follow the page's theme."""

import io
import re

from nas_service.plots import style
from nas_service.plots.draw import PLOTS
from nas_service.plots.kinds import Kind
from nas_service.plots.material import Material
from nas_service.plots.paper import Paper

ROLES = {
    style.INK: "ink", style.SOFT: "soft", style.LINE: "line", style.STRONG: "strong", style.GROUND: "ground",
    style.BAD: "bad", style.BAD_SOFT: "bad-soft", **{colour: f"series-{i}" for i, colour in enumerate(style.SERIES, 1)},
}  # fmt: skip
"""By colour the custom property `--NAME` that a page sets."""

_COLOUR = re.compile("|".join(ROLES))
_UNUSED_ID = re.compile(r' id="[A-Za-z.]+[A-Za-z0-9.]*_\d+"')
"""Names that matplotlib gives to groups; two figures on a page would have the same ones."""


_ATTRIBUTE = re.compile(r'\b(fill|stroke)="(var\([^)]*\))"')


def inline_svg(material: Material, kind: Kind, paper: Paper) -> str:
    """The figure as an `<svg>` element."""
    plot, content = PLOTS[kind], io.StringIO()
    with style.styled(text_as_text=True):
        figure = plot.draw(material, paper)
        # No date: equal searches give equal reports.
        figure.savefig(content, format="svg", metadata={"Date": None, "Creator": None}, dpi=style.DPI)
    text = content.getvalue()
    text = _COLOUR.sub(lambda found: f"var(--{ROLES[found[0]]})", _UNUSED_ID.sub("", text[text.index("<svg") :]))
    # An attribute takes no custom property, a style does.
    text = _ATTRIBUTE.sub(r'style="\1: \2"', text)
    return text.replace("<svg", '<svg aria-hidden="true" focusable="false"', 1)
