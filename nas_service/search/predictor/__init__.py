"""A predictor-guided sampler for Optuna: few, costly evaluations of points from a finite space.

Needs Optuna, numpy and scipy only. Plain distributions are a `PlainProblem`, other spaces a `Problem` of their own.
"""

from nas_service.search.predictor.plain_problem import PlainProblem
from nas_service.search.predictor.problem import Problem
from nas_service.search.predictor.sampler import PredictorSampler

__all__ = ["PlainProblem", "PredictorSampler", "Problem"]
