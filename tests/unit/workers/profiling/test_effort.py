"""How well a work item asks to be timed, the same for workers and for agents."""

from nas_service.api.device_converters import lease_info
from nas_service.domain.spec import SearchSpec
from nas_service.settings import Settings
from tests.support.tiny import tiny_search
from tests.support.values import a_search, an_item
from workers.profiling.measure import ROUGH, effort_for


def test_networks_that_a_predictor_learns_from_are_timed_roughly_whatever_else_is_asked() -> None:
    assert effort_for(2.0, final=True, rough=True) == ROUGH
    assert effort_for(0.2, final=False, rough=True).budget_s == 0.2


def test_throughput_is_measured_of_finished_networks_only() -> None:
    assert effort_for(4.0, final=True, rough=False).throughput
    assert not effort_for(4.0, final=False, rough=False).throughput


def test_a_remote_device_is_told_so() -> None:
    for strategy, rough in ({"sampler": "random"}, False), ({"sampler": "profile", "evaluator": "untrained"}, True):
        assert timed_roughly(strategy) is rough


def test_candidates_that_are_halved_are_timed_roughly_until_they_are_final() -> None:
    assert timed_roughly({"schedule": "asha"})
    assert not timed_roughly({"schedule": "asha"}, final=True)


def timed_roughly(strategy: dict[str, str], *, final: bool = False) -> bool:
    spec = SearchSpec.model_validate(tiny_search(strategy=strategy))
    item = an_item(a_search(), payload={"target": 0, "model_sha256": "0" * 64, "final": final})
    return lease_info(item, spec, Settings()).rough
