"""From a spec to one of Optuna's samplers, or ours."""

import warnings

import numpy as np
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, GPSampler, NSGAIIISampler, NSGAIISampler, RandomSampler, TPESampler

from nas_service.domain.spec import SearchSpec
from nas_service.search.predictor import PredictorSampler
from nas_service.search.profile_sampler import ProfileSampler
from nas_service.search.space_problem import SpaceProblem

STARTUP_TRIALS = 5
"""Random trials before a model is trusted: half of Optuna's default, for small budgets. Over 24 to 100 trials it
gave TPE the larger hypervolume on the whole Once-for-All space, and no difference beyond noise on two smaller ones
(12 to 16 seeds, 4 in flight)."""


def make_sampler(spec: SearchSpec, known_trials: int, problem: SpaceProblem) -> BaseSampler:
    """The sampler of `spec.strategy`, seeded from the spec's seed and the number of trials it starts from.

    So a search is reproducible, yet a process that goes on from stored trials never repeats the random stream
    of the one before it. The predictor sampler draws nothing that is not in the study: its seed is the spec's alone.
    """
    seed = int(np.random.SeedSequence([spec.seed, known_trials]).generate_state(1)[0])
    population_size = spec.strategy.population_size
    match spec.strategy.sampler:
        case "random":
            return RandomSampler(seed=seed)
        case "nsga2":
            return NSGAIISampler(seed=seed, population_size=population_size)
        case "nsga3":
            with warnings.catch_warnings():
                # Experimental in name only: unchanged since Optuna 3.2, and the contract tests run it.
                warnings.simplefilter("ignore", ExperimentalWarning)
                return NSGAIIISampler(seed=seed, population_size=population_size)
        case "tpe":
            # One joint model of all choices, where Optuna would fit one a choice for several objectives: a fifth of
            # the time, a small fraction of the duplicates, and no worse. The liar keeps parallel proposals apart.
            return TPESampler(seed=seed, multivariate=True, constant_liar=True, n_startup_trials=STARTUP_TRIALS)
        case "gp":
            return GPSampler(seed=seed, n_startup_trials=STARTUP_TRIALS)
        case "predictor":
            by_time_alone = spec.halves and spec.budget.candidates is None
            return PredictorSampler(problem, seed=spec.seed, cheapest_first=by_time_alone)
        case "profile":
            return ProfileSampler(problem, seed=spec.seed)
