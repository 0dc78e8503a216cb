"""The same declaration for three image sizes: what differs is numbers only.

Stage widths grow so much wherever a stage does not down-sample that no multiplier in `WIDTH_MULTIPLIERS` rounds two
neighbouring stages to the same width: so each network has one reading as stages, and choices that differ build
networks that differ (the ties that remain are resolved in `ties.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from search_spaces.rules import RealNumber, WholeNumber

WIDTH_MULTIPLIERS = RealNumber(0.25, 2.0)
DEPTH_MULTIPLIERS = RealNumber(0.25, 3.0)
STAGE_COUNTS = WholeNumber(3, 5)


@dataclass(frozen=True, slots=True)
class Preset:
    """Ranges for one size of images."""

    image_size: int
    """The side it is made for, in pixels."""
    resolutions: tuple[int, ...]
    resolution_rule: WholeNumber
    """Multiples of all the down-sampling, so that strides and pools halve alike."""
    stem_stride: int
    stem_widths: tuple[int, ...]
    stage_widths: tuple[int, ...]
    """Channels of the five stages at width multiplier 1."""
    downsampling: tuple[bool, ...]
    """Whether a stage halves the image side."""
    head_widths: tuple[int, ...]
    depths: tuple[int, ...]
    expansions: tuple[int, ...]
    width_multipliers: tuple[float, ...]
    depth_multipliers: tuple[float, ...]
    divisor: int
    """All channel counts are multiples of it."""


PRESETS: Mapping[str, Preset] = {
    "tiny": Preset(
        image_size=8,
        resolutions=(8, 12),
        resolution_rule=WholeNumber(8, 32, multiple_of=4),
        stem_stride=1,
        stem_widths=(8, 12, 16),
        stage_widths=(12, 16, 32, 40, 64),
        downsampling=(False, True, False, True, False),
        head_widths=(64, 96, 128),
        depths=(1, 2),
        expansions=(2, 3, 4),
        width_multipliers=(0.5, 0.75, 1.0),
        depth_multipliers=(1.0, 1.5),
        divisor=4,
    ),
    "small": Preset(
        image_size=32,
        resolutions=(16, 24, 32),
        resolution_rule=WholeNumber(16, 96, multiple_of=8),
        stem_stride=1,
        stem_widths=(8, 16, 24),
        stage_widths=(16, 24, 40, 80, 128),
        downsampling=(True, True, False, True, False),
        head_widths=(128, 192, 256),
        depths=(1, 2, 3),
        expansions=(2, 3, 4, 6),
        width_multipliers=(0.5, 0.75, 1.0),
        depth_multipliers=(1.0, 1.5),
        divisor=4,
    ),
    "large": Preset(
        image_size=224,
        resolutions=(128, 160, 192, 224),
        resolution_rule=WholeNumber(64, 512, multiple_of=32),
        stem_stride=2,
        stem_widths=(16, 24, 32),
        stage_widths=(24, 40, 80, 112, 160),
        downsampling=(True, True, True, False, True),
        head_widths=(640, 960, 1280),
        depths=(1, 2, 3, 4),
        expansions=(3, 4, 6),
        width_multipliers=(0.5, 0.75, 1.0, 1.25),
        depth_multipliers=(1.0, 1.5),
        divisor=8,
    ),
}
