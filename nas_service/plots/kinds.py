"""Which figures there are. Without matplotlib, so that the command line can name them."""

from enum import StrEnum


class Kind(StrEnum):
    """A figure of a search."""

    FRONT = "front"
    HYPERVOLUME = "hypervolume"
    IMPORTANCE = "importance"
    TIMELINE = "timeline"
    CURVES = "curves"


class FileType(StrEnum):
    """What a figure is written as."""

    PNG = "png"
    SVG = "svg"
    HTML = "html"
