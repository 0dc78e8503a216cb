"""Each strategy of a spec has its sampler, and building it warns of nothing."""

from typing import get_args

import optuna
import pytest
from optuna.distributions import IntDistribution
from optuna.samplers import BaseSampler, GPSampler, NSGAIIISampler, NSGAIISampler, RandomSampler, TPESampler

from nas_service.domain.spec import BudgetSpec, DatasetSpec, SearchSpec, StrategySpec
from nas_service.search.predictor import PlainProblem, PredictorSampler
from nas_service.search.profile_sampler import ProfileSampler
from nas_service.search.samplers import make_sampler

KINDS: dict[str, type[BaseSampler]] = {
    "random": RandomSampler,
    "nsga2": NSGAIISampler,
    "nsga3": NSGAIIISampler,
    "tpe": TPESampler,
    "gp": GPSampler,
    "predictor": PredictorSampler,
    "profile": ProfileSampler,
}

PROBLEM = PlainProblem({"depth": IntDistribution(1, 3)})


def spec_with(sampler: str) -> SearchSpec:
    return SearchSpec(dataset=DatasetSpec(name="digits"), strategy=StrategySpec(sampler=sampler, population_size=7))


@pytest.mark.parametrize("sampler", get_args(StrategySpec.model_fields["sampler"].annotation))
def test_every_sampler_that_a_spec_may_name_exists(sampler: str) -> None:
    assert type(make_sampler(spec_with(sampler), 0, PROBLEM)) is KINDS[sampler]


@pytest.mark.parametrize("sampler", ["nsga2", "nsga3"])
def test_genetic_samplers_have_the_population_of_the_spec(sampler: str) -> None:
    made = make_sampler(spec_with(sampler), 0, PROBLEM)
    assert isinstance(made, NSGAIISampler | NSGAIIISampler)
    assert made.population_size == 7


@pytest.mark.parametrize(("budget", "by_cost"), [({"minutes": 5}, True), ({"minutes": 5, "candidates": 9}, False)])
def test_the_cheapest_come_first_where_time_alone_bounds_a_search(budget: dict[str, float], by_cost: bool) -> None:
    space = {"depth": IntDistribution(1, 100), "width": IntDistribution(1, 100)}
    problem = PlainProblem(space, known={0: lambda columns: (columns["depth"] * columns["width"]).astype(float)})
    spec = SearchSpec(dataset=DatasetSpec(name="digits"), budget=BudgetSpec.model_validate(budget))
    study = optuna.create_study(sampler=make_sampler(spec, 0, problem))
    trials = [study.ask(space) for _ in range(8)]
    costs = [trial.params["depth"] * trial.params["width"] for trial in trials]
    assert (costs == sorted(costs)) is by_cost
