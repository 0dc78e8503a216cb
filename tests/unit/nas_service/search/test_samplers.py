"""Each strategy of a spec has its sampler, and building it warns of nothing."""

from typing import get_args

import pytest
from optuna.distributions import IntDistribution
from optuna.samplers import BaseSampler, GPSampler, NSGAIIISampler, NSGAIISampler, RandomSampler, TPESampler

from nas_service.domain.spec import DatasetSpec, SearchSpec, StrategySpec
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
