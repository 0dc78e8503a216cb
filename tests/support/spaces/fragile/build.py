"""Networks whose first loss is infinite where the head is 96 channels wide."""

import torch
from torch import nn

from search_spaces.network import Network
from search_spaces.plan import NetworkPlan

BROKEN_HEAD = 96


def build(plan: NetworkPlan) -> nn.Module:
    """The network of the plan, with a classifier beyond the range of float32 where the head is broken."""
    network = Network(plan)
    classifier = network.blocks[-1].get_submodule("linear")
    assert isinstance(classifier, nn.Linear)
    if classifier.in_features == BROKEN_HEAD:
        nn.init.constant_(classifier.bias, torch.inf)
    return network
