"""Hold the accuracy that one architecture inherits against that of a training from scratch."""

from functools import partial

import torch
from torch import nn

import search_spaces
from nas_service import tracing
from nas_service.domain.entities import JsonDict
from nas_service.use_cases.reuse import training_of, tuning_of
from nas_service.use_cases.space import network_input, space_of
from workers.supernet import inherited_network
from workers.tasks.context import Task
from workers.tasks.shared_weights import supernet_of
from workers.tasks.training import train_resumably
from workers.training import evaluate, train

TUNING = 1
"""The part of the item that trains the inherited network on; part 0 is the training from scratch."""


def compare(task: Task) -> JsonDict:
    """Both accuracies; that from scratch is known already where the supernet was trained longer meanwhile."""
    data, space, payload = task.dataset(), space_of(task.search), task.item.payload
    architecture = space.canonical(payload["architecture"])
    assert task.search.supernet is not None
    shared = supernet_of(task, task.search.supernet.sha256)
    inherited = _judged(task, inherited_network(shared, architecture, data))
    return {**payload, "inherited": inherited, "scratch": payload.get("scratch") or _from_scratch(task, architecture)}


def _judged(task: Task, network: nn.Module) -> float:
    """As a candidate is."""
    data, tuning = task.dataset(), tuning_of(task.search)
    if tuning is None:
        return evaluate(network, data, data.validation).accuracy
    with tracing.span("train"):
        return train_resumably(
            task, tuning.epochs, partial(train, network, data, tuning), part=TUNING
        ).validation_accuracy


def _from_scratch(task: Task, architecture: search_spaces.Architecture) -> float:
    training = training_of(task.search, final=False)
    torch.manual_seed(task.search.spec.seed)
    network = search_spaces.build(space_of(task.search), architecture, network_input(task.search))
    with tracing.span("train"):
        return train_resumably(
            task, training.epochs, partial(train, network, task.dataset(), training)
        ).validation_accuracy
