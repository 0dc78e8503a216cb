"""How a recipe names its steps."""

from typing import Annotated

from pydantic import Field, JsonValue

StepOptions = Annotated[dict[str, dict[str, JsonValue]], Field(min_length=1, max_length=1)]
"""The name of one step, with its options."""

RecipeEntry = str | StepOptions
"""A step by its name, or with options: `prune-channels` or `{prune-channels: {macs_share: 0.5}}`."""
