"""`lottery-ticket`: looks for a sparse network that trains as well as the dense one from the same beginning.

Frankle & Carbin, "The Lottery Ticket Hypothesis", ICLR 2019, with the rewinding of Frankle et al., "Linear Mode
Connectivity and the Lottery Ticket Hypothesis", ICML 2020, to a little into the training rather than to its start.
"""

from copy import deepcopy
from functools import partial

import torch
from torch import nn

from nas_service.domain.compression.lottery_ticket import LotteryTicketOptions
from nas_service.domain.errors import PermanentError
from workers.compression.contract import Compressed, Workbench
from workers.compression.fine_tune import steady
from workers.compression.masks import Masks, magnitude_masks, prunable, sparsity_of
from workers.compression.rewinding import EarlyLoop, RewoundLoop
from workers.training import Checkpoint, evaluate


def lottery_ticket(network: nn.Module, options: LotteryTicketOptions, bench: Workbench) -> Compressed:
    """Train, hide the smallest weights, rewind and train again, in rounds; gives the last and sparsest network.

    A random mask with as many zeros in each layer is trained from the same beginning: only what the ticket reaches
    beyond it is due to the choice of weights. The given weights are not used, since all begins anew. Raises
    PermanentError for a beginning that is the whole training.
    """
    new, kept = fresh(network, bench.seed), list[Checkpoint]()
    config = steady(bench.training)
    if options.rewind_epochs >= config.epochs:
        raise PermanentError(
            "rewound-too-late",
            f"lottery-ticket.rewind_epochs is {options.rewind_epochs} of {config.epochs} epochs; lower it",
        )
    bench.train(new, config, partial(EarlyLoop, epochs=options.rewind_epochs, keep=kept.append))
    (begin,) = kept

    def trained_under(masks: Masks, name: str) -> nn.Module:
        return bench.train(new, config, partial(RewoundLoop, begin=begin, masks=masks, name=name))

    dense = ticket = trained_under({}, "dense")
    masks: Masks = {}
    for number in range(1, options.rounds + 1):
        sparsity = 1 - (1 - options.sparsity) ** (number / options.rounds)
        masks = magnitude_masks(prunable(ticket), sparsity, options.scope)
        ticket = trained_under(masks, f"round {number}")
    control = trained_under(shuffled(masks, bench.seed), "random")
    named = {"dense": dense, "ticket": ticket, "random": control}
    accuracies = {f"{name}_accuracy": _accuracy(own, bench) for name, own in named.items()}
    return Compressed(ticket, {"sparsity": sparsity_of(ticket), "trainings": options.rounds + 2, **accuracies})


def fresh(network: nn.Module, seed: int) -> nn.Module:
    """The same layers with new weights, each initialised as its class does it; a function of the seed."""
    new = deepcopy(network)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for module in new.modules():
            reset = getattr(module, "reset_parameters", None)
            if callable(reset):
                reset()
    return new.requires_grad_()


def shuffled(masks: Masks, seed: int) -> Masks:
    """Masks that hide as many weights of each layer, anywhere in it."""
    generator = torch.Generator().manual_seed(seed)
    orders = {name: torch.randperm(mask.numel(), generator=generator) for name, mask in masks.items()}
    return {name: mask.flatten()[orders[name].to(mask.device)].view(mask.shape) for name, mask in masks.items()}


def _accuracy(network: nn.Module, bench: Workbench) -> float:
    """On the validation split."""
    return evaluate(network, bench.data, bench.data.validation).accuracy
