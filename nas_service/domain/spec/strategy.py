"""Who proposes candidates, what an accuracy costs, how far to train."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from nas_service.domain.spec.model import SpecModel
from nas_service.domain.spec.training import TrainingSpec

ProxyName = Literal["synflow", "jacob_cov"]
"""`workers.proxies` computes them, and says by which papers."""


Attention = Literal["none", "best", "worst"]


class SupernetSpec(SpecModel):
    """How the weights that all candidates share are trained, and when the search relies on them.

    For the rest they are trained as `training` says.
    """

    epochs: Annotated[int, Field(ge=1, le=10_000)] = 40
    """Passes over the training data. A step takes one batch through several networks."""
    sampled: Annotated[int, Field(ge=1, le=16)] = 2
    """Networks drawn at random that a step trains, beside the largest and the smallest."""
    largest_first: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the steps, at the beginning, in which the largest network trains alone: what it learned the others
    begin with, and can be taught."""
    opening: Literal["at_once", "progressive"] = "at_once"
    """Which networks are drawn after that: all (`at_once`), or, in thirds of the steps that are left, those that differ
    from the largest in resolution and kernels alone, then in depth as well, then all (`progressive`, as Once-for-All
    shrinks)."""
    attention: Attention = "none"
    """Of three networks of about the same MACs the one to train is drawn at random, or it is that with the lowest loss
    (`best`) or the highest (`worst`), as in AttentiveNAS."""
    distill: Annotated[float, Field(ge=0, le=1)] | None = None
    """Share of their loss that all others learn from the largest network instead of labels, once that has trained
    alone; by default `training.distill.weight`."""
    ema_decay: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Moving average of the shared weights, which is what candidates inherit; by default `training.ema_decay`."""
    tune_epochs: Annotated[int, Field(ge=0, le=1000)] = 0
    """Epochs that a candidate is trained on from its inherited weights before it is judged; 0: judged as inherited."""
    agreement_sample: Annotated[int, Field(ge=4, le=100)] = 8
    """Architectures trained from scratch as well, to see whether inherited accuracies rank them alike."""
    min_agreement: Annotated[float, Field(ge=-1, le=1)] = 0.3
    """Least Kendall tau of the two rankings. Below it the supernet is trained as long again; if that does not help,
    the search trains its candidates from scratch."""
    beat_macs: bool = True
    """Whether it must also rank no worse than counting MACs does, which costs nothing."""

    def training_like(self, training: TrainingSpec) -> TrainingSpec:
        """How the supernet is trained where candidates are trained so. Its networks change at every step, so that none
        is compiled, stays the same for a while, or has stopped learning."""
        weight = training.distill.weight if self.distill is None else self.distill
        changes = {
            "epochs": self.epochs,
            "compile": False,
            "begin_size": 1.0,
            "freeze_layers": 0.0,
            "patience": 0,
            "target_accuracy": None,
            "ema_decay": training.ema_decay if self.ema_decay is None else self.ema_decay,
            "distill": training.distill.model_copy(update={"attention": 0.0, "weight": weight}),
        }
        return training.model_copy(update=changes)

    def trained_on(self) -> Self:
        """The same for weights that were trained before: the largest network needs no start, the others are known."""
        return self.model_copy(update={"largest_first": 0.0, "opening": "at_once"})


LEAST_EPOCHS_HALVED = 4
"""Epochs of a training from which `schedule: auto` may train in rungs: fewer leave none but a look at noise."""


class StrategySpec(SpecModel):
    """Three independent parts: who proposes, what an accuracy costs, how far to train."""

    sampler: Literal["random", "nsga2", "nsga3", "tpe", "gp", "predictor", "profile"] = "predictor"
    evaluator: Literal["scratch", "supernet", "untrained"] = "scratch"
    """`scratch` trains each candidate. `supernet` trains one set of shared weights, of which each candidate inherits
    its own: much cheaper, if the accuracies found so rank the candidates as trainings would. `untrained` wants no
    accuracy but latencies only, of which predictors are made instead of bundles."""
    schedule: Literal["auto", "full", "asha"] = "auto"
    """How far candidates are trained: all to the end (`full`), or all a little and the better ones further (`asha`,
    asynchronous successive halving by non-domination rank, then hypervolume contribution). `auto` halves where time
    alone bounds the search and trainings are long enough for two rungs: more candidates are then looked at."""
    eta: Annotated[int, Field(ge=2, le=10)] = 3
    """asha: one in `eta` candidates goes on from each rung to the next, which is `eta` times as long."""
    min_epochs: Annotated[int, Field(ge=1)] | None = None
    """asha: epochs of the first rung; by default `training.epochs` / `eta` squared, so that there are three rungs."""
    proxies: tuple[ProxyName, ...] = ()
    """Zero-cost proxies to score each candidate's untrained network by; the `predictor` sampler takes `synflow` as a
    hint. What they are worth on this data is measured, see `GET /v1/searches/{id}/proxies`."""
    warm_start: bool = True
    """Whether the `predictor` sampler begins with the best of earlier searches whose trainings count here, too: on the
    same data and space, trained alike. They cost nothing but what their timing on another target takes. Without it the
    same spec gives the same proposals, whatever was searched before."""
    population_size: Annotated[int, Field(ge=4, le=1000)] = 20
    """Population of the genetic samplers (nsga2, nsga3)."""
    supernet: SupernetSpec = SupernetSpec()
    """For `evaluator: supernet`."""

    @model_validator(mode="after")
    def _rungs_need_trainings(self) -> Self:
        if self.evaluator == "supernet" and self.schedule == "asha":
            raise ValueError("with `evaluator: supernet` candidates are not trained in rungs; use `schedule: full`")
        return self
