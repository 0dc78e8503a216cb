"""Draws a network as SVG: stages, blocks, tensor shapes, and where the arithmetic and the parameters are."""

from xml.etree.ElementTree import tostring

from search_spaces import NetworkPlan
from search_spaces.drawing.content import stages_of
from search_spaces.drawing.layout import lay_out
from search_spaces.drawing.picture import picture_of


def draw(plan: NetworkPlan) -> str:
    """An SVG document: the same text for equal plans, with its own light and dark colours, and nothing from outside."""
    picture = picture_of(plan, lay_out(stages_of(plan)))
    for part in picture:
        part.tail = "\n"
    return tostring(picture, encoding="unicode") + "\n"
