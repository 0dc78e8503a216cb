"""Which evaluations are the same where trainings have teachers, or a search goes by sharpness."""

from dataclasses import replace

from nas_service.domain.entities import DatasetFacts, Search, SpaceFacts, SupernetFacts
from nas_service.domain.spec import SearchSpec
from nas_service.use_cases.reuse import evaluation_reuse_key, supernet_training, teachers_of, tuning_of
from tests.unit.nas_service.use_cases.conftest import Bench

DATA = DatasetFacts("fingerprint", ("a", "b"), 1, 8, 8, {})
SPACE = SpaceFacts("mobilenet", "tiny", {}, "1")
SUPERNET = SupernetFacts(sha256="weights", epochs=1, duration_s=1.0, curve=[], trusted=True)
DISTILLED = {"finalize": {"recipe": ["distill"]}}


def prepared(bench: Bench, supernet: SupernetFacts | None = None, **parts: object) -> Search:
    return replace(bench.submit(**parts), dataset=DATA, space=SPACE, supernet=supernet)


def final_key(search: Search) -> str:
    return evaluation_reuse_key(search, "architecture", final=True)


def test_what_a_searchs_best_candidate_taught_is_not_reused_by_another_search(bench: Bench) -> None:
    one, other = (prepared(bench, **DISTILLED) for _ in range(2))
    assert teachers_of(one) == ("best",)
    assert final_key(one) != final_key(other)
    plain = [evaluation_reuse_key(search, "architecture", final=False) for search in (one, other)]
    assert plain[0] == plain[1]


def test_what_the_same_supernet_taught_is_the_same_in_all_searches(bench: Bench) -> None:
    one, other = (prepared(bench, SUPERNET, **DISTILLED) for _ in range(2))
    assert teachers_of(one) == ("supernet",)
    assert final_key(one) == final_key(other)
    assert final_key(one) != final_key(replace(other, supernet=replace(SUPERNET, sha256="other weights")))


def test_teachers_that_are_named_and_off_teach_nothing(bench: Bench) -> None:
    one, other = (prepared(bench, training={"distill": {"teachers": ["mine.onnx"]}}) for _ in range(2))
    assert final_key(one) == final_key(other)


def test_an_evaluation_without_its_sharpness_is_not_reused_where_a_search_goes_by_it(bench: Bench) -> None:
    objectives = [{"metric": "accuracy"}, {"metric": "sharpness"}]
    assert final_key(prepared(bench, objectives=objectives)) != final_key(prepared(bench))
    constraints = [{"metric": "sharpness", "max": 1.0}]
    assert final_key(prepared(bench, objectives=objectives)) == final_key(prepared(bench, constraints=constraints))


def test_a_supernet_is_trained_whole_at_full_size_and_to_the_end(bench: Bench) -> None:
    steps = ["freeze-early-layers", "progressive-resizing", "early-stopping", "distill", "distill-features", "sam"]
    training = supernet_training(prepared(bench, SUPERNET, training={"recipe": steps}))
    assert (training.freeze_layers, training.begin_size, training.patience) == (0, 1, 0)
    assert (training.distill.weight, training.distill.attention, training.sam_rho) == (0.9, 0, 0.05)


def test_candidates_that_are_trained_on_for_another_while_are_judged_anew(bench: Bench) -> None:
    searches = [
        prepared(bench, SUPERNET, strategy={"evaluator": "supernet", "supernet": {"tune_epochs": epochs}})
        for epochs in (0, 1, 2)
    ]
    assert [tuning.epochs if (tuning := tuning_of(search)) else None for search in searches] == [None, 1, 2]
    assert len({evaluation_reuse_key(search, "architecture", final=False) for search in searches}) == 3
    assert len({final_key(search) for search in searches}) == 1


def test_sharpness_is_minimized_by_default_and_a_spec_of_it_is_read_back() -> None:
    spec = SearchSpec.model_validate({"dataset": {"name": "digits"}, "objectives": [{"metric": "sharpness"}]})
    assert not spec.objectives[0].maximize
    assert SearchSpec.model_validate_json(spec.model_dump_json()) == spec
