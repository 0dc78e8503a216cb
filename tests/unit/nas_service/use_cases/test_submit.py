"""What is refused at submission, and what the same request twice gives."""

from pathlib import Path
from typing import Any

import pytest

from nas_service.domain.errors import ConflictError, SpecError
from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import SearchStatus
from nas_service.use_cases import checks
from nas_service.use_cases.ports import Page
from nas_service.use_cases.submit import submit
from tests.unit.nas_service.use_cases.conftest import Bench


def spec(**parts: Any) -> SearchSpec:
    return SearchSpec.model_validate({"dataset": {"name": "digits"}} | parts)


def test_the_same_idempotency_key_gives_the_same_search(bench: Bench) -> None:
    first, created = submit(bench.store, [], spec(), "key")
    again, created_again = submit(bench.store, [], spec(), "key")
    assert (created, created_again) == (True, False)
    assert again.id == first.id


def test_an_idempotency_key_cannot_name_two_specs(bench: Bench) -> None:
    submit(bench.store, [], spec(), "key")
    with pytest.raises(ConflictError, match="fresh key"):
        submit(bench.store, [], spec(seed=1), "key")


def test_a_refused_spec_leaves_nothing_and_names_every_field(bench: Bench, tmp_path: Path) -> None:
    bad = spec(
        dataset={"name": "npz:nowhere.npz"},
        space={"name": "mobilnet"},
        training={"recipe": ["emma"]},
        finalize={"recipe": ["longer"]},
    )
    all_checks = (checks.check_space, checks.check_recipes, checks.dataset_check([tmp_path]))
    with pytest.raises(SpecError) as caught:
        submit(bench.store, all_checks, bad)
    fields = [problem.field for problem in caught.value.problems]
    assert fields == ["space.name", "training.recipe.0", "finalize.recipe.0", "dataset.name"]
    with bench.store.read() as uow:
        assert uow.searches.list(Page()) == ([], None)


@pytest.mark.parametrize(
    ("space", "field", "says"),
    [
        ({"name": "mobilnet"}, "space.name", "did you mean 'mobilenet'"),
        ({"preset": "smal"}, "space.preset", "did you mean 'small'"),
        ({"choices": {"width_multiplyer": [1.0]}}, "space.choices.width_multiplyer", "did you mean 'width_multiplier'"),
        ({"choices": {"width_multiplier": []}}, "space.choices.width_multiplier", ""),
    ],
)
def test_an_impossible_space_names_the_field_and_the_nearest_name(space: dict[str, Any], field: str, says: str) -> None:
    (problem,) = checks.check_space(spec(space=space))
    assert problem.field == field
    assert says in problem.message


def test_choices_that_only_some_presets_allow_are_left_to_the_data_set() -> None:
    assert checks.check_space(spec(space={"choices": {"resolution": [8]}})) == []
    assert checks.check_space(spec(space={"choices": {"resolution": [224]}})) == []


def test_a_file_set_must_lie_below_a_root(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside.npz"
    root.mkdir()
    outside.touch()
    (root / "inside.npz").touch()
    check = checks.dataset_check([root])
    assert check(spec(dataset={"name": "npz:inside.npz"})) == []
    for name in (f"npz:{outside}", "npz:../outside.npz", "npz:missing.npz"):
        (problem,) = check(spec(dataset={"name": name}))
        assert problem.field == "dataset.name"


def test_a_supernet_is_refused_where_optional_choices_are_asked_for() -> None:
    parts = {"strategy": {"evaluator": "supernet"}, "space": {"choices": {"stage2_share": [False, True]}}}
    (problem,) = checks.check_space(spec(**parts))
    assert problem.field == "strategy.evaluator"
    assert "nothing of stage2_share" in problem.message
    assert checks.check_space(spec(space=parts["space"])) == []


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"training": {"recipe": ["distill"]}}, "none of them is the best yet"),
        ({"training": {"recipe": ["distill"], "distill": {"teachers": ["best"]}}}, "none of them is the best yet"),
        ({"training": {"distill": {"teachers": ["supernet"]}}}, "no supernet"),
        ({"training": {"distill": {"teachers": ["missing.onnx"]}}}, "missing.onnx does not exist"),
        ({"training": {"distill": {"teachers": ["../outside.onnx"]}}}, "leads outside"),
        ({"training": {"distill": {"teachers": ["model.pt"]}}}, "is no teacher; name `best`"),
        ({"finalize": {"recipe": ["distill"]}}, None),
        ({"training": {"recipe": ["distil"]}}, None),
        ({"training": {"recipe": ["distill"], "distill": {"teachers": ["mine.onnx", "candidate-1"]}}}, None),
        ({"training": {"recipe": ["distill"]}, "strategy": {"evaluator": "supernet"}}, None),
    ],
)
def test_whoever_distils_has_somebody_to_learn_from(parts: dict[str, Any], says: str | None, tmp_path: Path) -> None:
    (tmp_path / "mine.onnx").touch()
    problems = checks.teacher_check([tmp_path])(spec(**parts))
    assert [problem.field for problem in problems] == ([] if says is None else ["training.distill.teachers"])
    assert all(says in problem.message for problem in problems)


def test_a_stored_search_waits_for_its_turn(bench: Bench) -> None:
    search, _ = submit(bench.store, [], spec())
    assert (search.status, search.name) == (SearchStatus.QUEUED, "digits-mobilenet")
    with bench.store.read() as uow:
        assert uow.searches.any_woken()
        assert [event.kind for event in uow.events.since(search.id, 0, 10)] == ["search.submitted"]
