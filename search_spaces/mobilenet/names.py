"""The names of the choices that canonical form and size of `mobilenet` have to do with."""

CHANNEL_CHOICES = ("width_multiplier", "stem_width", "head_width")


def stage_choice(stage: int, name: str) -> str:
    """A choice of a stage, counted from 0."""
    return f"stage{stage + 1}_{name}"
