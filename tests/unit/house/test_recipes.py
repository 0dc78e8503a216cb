"""Each compression step is declared once and made once."""

import inspect

from nas_service.domain.recipe import STEPS
from nas_service.domain.recipe_step import CompressionStep, Ladder
from workers.compression.registry import FUNCTIONS

COMPRESSIONS = {step.name: step for step in STEPS.values() if isinstance(step, CompressionStep)}


def test_every_compression_step_has_its_function_and_every_function_its_step() -> None:
    assert set(COMPRESSIONS) == set(FUNCTIONS)


def test_a_function_takes_the_options_that_its_step_declares() -> None:
    takes = {name: list(inspect.signature(f).parameters.values())[1].annotation for name, f in FUNCTIONS.items()}
    assert takes == {name: step.options for name, step in COMPRESSIONS.items()}


def test_steps_that_a_step_names_exist() -> None:
    for step in STEPS.values():
        after = step.after if isinstance(step, CompressionStep) else frozenset()
        assert step.needs | step.excludes | after <= set(STEPS)
        rungs = step.rungs if isinstance(step, Ladder) else ()
        assert {name for rung in rungs for name in rung} <= set(COMPRESSIONS)
