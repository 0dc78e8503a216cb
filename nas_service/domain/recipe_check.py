"""Whether a recipe can be followed: everything wrong with it is known before anything runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from nas_service.domain.errors import FieldProblem
from nas_service.domain.formats import RUNS, precisions_of, runtimes_at
from nas_service.domain.recipe_step import CompressionStep, Ladder, Place, Step
from nas_service.domain.spec import RecipeEntry, TargetSpec


def name_of(entry: RecipeEntry) -> str:
    """The step that a recipe's entry names."""
    return entry if isinstance(entry, str) else next(iter(entry))


def options_of(entry: RecipeEntry) -> dict[str, Any]:
    """What a recipe's entry says of its step."""
    return {} if isinstance(entry, str) else dict(entry[name_of(entry)])


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe at its place in a spec, with the steps that there are."""

    entries: Sequence[RecipeEntry]
    place: Place
    steps: Mapping[str, Step]
    targets: Sequence[TargetSpec] = ()
    """Those of the search; none where they are not known yet."""

    @property
    def names(self) -> list[str]:
        """Of its entries."""
        return [name_of(entry) for entry in self.entries]

    @property
    def field(self) -> str:
        """Its place in the document."""
        return f"{self.place}.recipe"

    def problems(self) -> list[FieldProblem]:
        """Everything wrong with it, one an entry; empty when it can be followed."""
        found = (self._first_problem(index) for index in range(len(self.entries)))
        return [problem for problem in found if problem]

    def _first_problem(self, index: int) -> FieldProblem | None:
        field = f"{self.field}.{index}"
        if message := self._problem_of(index):
            return FieldProblem(field, message)
        step = self.steps[self.names[index]]
        return _wrong_option(step, self.entries[index], field) if isinstance(step, CompressionStep) else None

    def _problem_of(self, index: int) -> str | None:
        name = self.names[index]
        step = self.steps.get(name)
        if step is None:
            return _unknown(name, self.place, self.steps)
        if self.place not in step.places:
            return f"{name!r} belongs in {' or '.join(f'{p}.recipe' for p in sorted(step.places))}"
        if name in self.names[:index]:
            return f"{name!r} is named twice; remove one"
        missing = sorted(step.needs - set(self.names))
        if missing:
            return f"{name!r} needs {missing[0]!r}; add it to {self.field}"
        clashing = sorted(step.excludes & set(self.names))
        if clashing:
            return f"{name!r} does not go with {clashing[0]!r}; remove one"
        if isinstance(step, Ladder) and (unfit := self._unfit(step)):
            return unfit
        if not isinstance(step, CompressionStep):
            said = options_of(self.entries[index])
            return f"{name!r} has no options; name it alone" if said else None
        return self._order(step, index) or self._not_executed(step)

    def _unfit(self, ladder: Ladder) -> str | None:
        """Why a ladder has nothing to try, or does not stand alone."""
        others = [name for name in self.names if isinstance(self.steps.get(name), CompressionStep)]
        if others:
            return (
                f"{ladder.name!r} chooses compressions by itself; remove {others[0]!r}, or name steps without"
                f" {ladder.name!r}"
            )
        if all(Recipe(rung, self.place, self.steps, self.targets).problems() for rung in ladder.rungs):
            return f"{ladder.name!r} has nothing to try that the targets execute; remove it"
        return None

    def _order(self, step: CompressionStep, index: int) -> str | None:
        later = self.names[index + 1 :]
        early = [name for name in later if name in step.after]
        if early:
            return f"{step.name!r} comes after {early[0]!r}; exchange them"
        following = [name for name in later if isinstance(self.steps.get(name), CompressionStep)]
        if step.is_last and following:
            return f"{following[0]!r} cannot follow {step.name!r}; put {step.name!r} last"
        return None

    def _not_executed(self, step: CompressionStep) -> str | None:
        """Why a target cannot execute what the step gives, or would gain nothing by it."""
        for index, target in enumerate(self.targets):
            if step.largest_batch is not None and target.batch_size > step.largest_batch:
                return (
                    f"{step.name!r} brings nothing for {target.batch_size} images a call (targets.{index}.batch_size);"
                    f" remove it, or set that to {step.largest_batch}"
                )
            precision = step.precision or target.precision
            if RUNS.get((target.runtime, precision)) not in step.formats:
                able: list[str] = [r for r in runtimes_at(precision) if RUNS[r, precision] in step.formats]
                if not able:
                    own = precisions_of(target.runtime)
                    able = [f"precision {p}" for p in own if RUNS[target.runtime, p] in step.formats]
                return (
                    f"{step.name!r} gives nothing that {target.runtime} {precision} (targets.{index}) executes;"
                    f" remove it, or have the target use {' or '.join(able)}"
                )
        if step.precision and self.targets and all(t.precision == step.precision for t in self.targets):
            return f"{step.name!r} changes nothing: every target executes {step.precision} already; remove it"
        return None


def _wrong_option(step: CompressionStep, entry: RecipeEntry, field: str) -> FieldProblem | None:
    try:
        step.options.model_validate(options_of(entry))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        option = ".".join(map(str, first["loc"]))
        place = ".".join(filter(None, (field, step.name, option)))
        return FieldProblem(place, _explained(step, option, first["type"], first["msg"]))
    return None


def _explained(step: CompressionStep, option: str, kind: str, message: str) -> str:
    if kind != "extra_forbidden":
        return message.removeprefix("Value error, ")
    known = list(step.options.model_fields)
    nearest = get_close_matches(option, known, n=1, cutoff=0.5)
    if nearest:
        return f"no option is named {option!r}; did you mean {nearest[0]!r}?"
    return f"no option is named {option!r}; {'choose from ' + ', '.join(known) if known else 'it has none'}"


def _unknown(name: str, place: Place, steps: Mapping[str, Step]) -> str:
    usable = [step.name for step in steps.values() if place in step.places]
    nearest = get_close_matches(name, usable, n=1, cutoff=0.5)
    if nearest:
        return f"no step is named {name!r}; did you mean {nearest[0]!r}?"
    return f"no step is named {name!r}; choose from {', '.join(usable)}"
