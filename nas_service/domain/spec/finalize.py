"""What happens to the front's members at the end."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from nas_service.domain.spec.model import SpecModel
from nas_service.domain.spec.steps import RecipeEntry


def _one_entry(recipe: object) -> object:
    """`recipe: auto` is short for `recipe: [auto]`."""
    return [recipe] if isinstance(recipe, str) else recipe


class FinalizeSpec(SpecModel):
    """What happens to the front's members at the end."""

    top_k: Annotated[int, Field(ge=1, le=1000)] | None = None
    """At most this many members are finalized, spread over the front; by default all."""
    recipe: Annotated[tuple[RecipeEntry, ...], BeforeValidator(_one_entry)] = ()
    """Named steps applied to each finalized candidate, each a name or `{name: {option: value}}`: those that change its
    final training, then those that compress what was trained; see `GET /v1/recipes`. `auto` tries several
    compressions."""
    auto_minutes: Annotated[float, Field(gt=0, le=60 * 24)] = 30.0
    """With `recipe: [auto]`: no further compression is begun after so many minutes of compressing."""
    remeasure: Annotated[int, Field(ge=0, le=1000)] = 16
    """Before it is decided who is finalized: at most this many candidates, the most doubtful first, are timed again
    for longer, where within the noise of their latencies one of them dominates another or does not."""
    timings: Annotated[int, Field(ge=1, le=9)] = 3
    """Each member is timed so many times, in turns with the others; its latency is what all timings say together. From
    three on two more are taken where these do not agree to one percent."""
    begin: Literal["scratch", "inherited"] = "inherited"
    """Whether the final training goes on from the supernet's weights, where there is one, or starts anew."""
    keep: Literal["front", "all"] = "front"
    """Whose files stay once the search is over. `front`: the weights and models of all other candidates are deleted
    some time later; their metrics, learning curves and timings stay, and to get their files back they have to be
    trained again. `all`: nothing is deleted until the search is."""
