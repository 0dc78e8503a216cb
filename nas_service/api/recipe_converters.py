"""Steps of recipes as they stand on the wire."""

from nas_service.domain.recipe_step import CompressionStep, Ladder, Step
from nas_service.wire.catalog import CompressionInfo, RecipeStepInfo


def recipe_step_info(step: Step) -> RecipeStepInfo:
    """A step of any kind."""
    compression = _compression_info(step) if isinstance(step, CompressionStep) else None
    return RecipeStepInfo(
        name=step.name,
        kind="compression" if compression else "ladder" if isinstance(step, Ladder) else "training",
        summary=step.summary,
        places=tuple(sorted(step.places)),
        needs=tuple(sorted(step.needs)),
        excludes=tuple(sorted(step.excludes)),
        compression=compression,
        rungs=step.rungs if isinstance(step, Ladder) else (),
    )


def _compression_info(step: CompressionStep) -> CompressionInfo:
    return CompressionInfo(
        after=tuple(sorted(step.after)),
        is_last=step.is_last,
        formats=tuple(sorted(step.formats)),
        precision=step.precision,
        largest_batch=step.largest_batch,
        options=step.options.model_json_schema(),
    )
