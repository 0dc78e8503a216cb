"""`low-rank`: factorises layers where that makes the network cheaper, and fine-tunes what comes out."""

import math
from collections.abc import Callable
from copy import deepcopy

from torch import nn

from nas_service.domain.compression.low_rank import LowRankOptions
from workers.compression.contract import Compressed, Workbench
from workers.compression.factors import Ranks, factored, is_factorable
from workers.compression.fine_tune import fine_tuned
from workers.compression.network_cost import cost_of, latency_of
from workers.compression.ranks import ranks_by_energy, ranks_by_share

HALVINGS = 4
"""Networks whose latency is taken to find the largest rank of a layer that pays."""


def low_rank(network: nn.Module, options: LowRankOptions, bench: Workbench) -> Compressed:
    """Layer by layer, the largest first: what does not save `least_gain` of the network's cost stays whole.

    The cost is the latency on the target where the bench can tell it, else multiply-accumulates. Raises PermanentError
    where ranks are to be found by a latency that nobody can tell.
    """
    if options.rank_by == "latency":
        latency_of(network, bench, "low-rank.rank_by: latency")
    factorisation = _Factorisation(deepcopy(network).eval(), options, bench)
    for name in factorisation.candidates:
        factorisation.factorise(name)
    found = factorisation.network
    tuned = fine_tuned(found, options, bench) if factorisation.ranks else found
    before, after = cost_of(network, bench.data), cost_of(tuned, bench.data)
    facts = {
        "ranks": {name: list(ranks) for name, ranks in factorisation.ranks.items()},
        "tried_layers": len(factorisation.candidates),
        "judged_by": "macs" if bench.latency_ms is None else "latency_ms",
        "macs": after.macs,
        "macs_share": after.macs / before.macs,
        "params": after.params,
    }
    return Compressed(tuned, facts)


class _Factorisation:
    """Changes `network` in place, as far as that pays."""

    def __init__(self, network: nn.Module, options: LowRankOptions, bench: Workbench) -> None:
        self.network, self._options = network, options
        self._macs_of: Callable[[nn.Module], float] = lambda net: float(cost_of(net, bench.data).macs)
        self._cost_of = bench.latency_ms or self._macs_of
        self._cost, self._macs = self._cost_of(network), self._macs_of(network)
        self._least_saving = options.least_gain * self._cost
        self.ranks: dict[str, Ranks] = {}
        """Of the layers that are factorised, by name."""
        layers = {name: layer for name, layer in network.named_modules() if is_factorable(layer)}
        self.candidates = sorted(layers, key=lambda name: -layers[name].weight.numel())

    def factorise(self, name: str) -> None:
        """Replace a layer where one of its tried factorisations pays."""
        layer, options = self.network.get_submodule(name), self._options
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        if options.rank_by == "energy":
            ranks, cost = self._tried(name, ranks_by_energy(layer, options.energy, options.divisor))
        else:
            ranks, cost = self._largest_that_pays(name, layer)
        if self._pays(cost):
            self.network.set_submodule(name, factored(layer, ranks))
            self.ranks[name], self._cost, self._macs = ranks, cost, self._macs_of(self.network)

    def _largest_that_pays(self, name: str, layer: nn.Conv2d | nn.Linear) -> tuple[Ranks, float]:
        """By halving an interval of shares of the full ranks; the last tried, where none pays."""
        low, high, found = 0.0, 1.0, None
        for _ in range(HALVINGS):
            share = (low + high) / 2
            tried = self._tried(name, ranks_by_share(layer, share, self._options.divisor))
            if self._pays(tried[1]):
                found, low = tried, share
            else:
                high = share
        return found or tried

    def _tried(self, name: str, ranks: Ranks) -> tuple[Ranks, float]:
        """The ranks, and what the network costs with them: no timing is believed that more work makes faster."""
        layer = self.network.get_submodule(name)
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        self.network.set_submodule(name, factored(layer, ranks))
        cost = self._cost_of(self.network) if self._macs_of(self.network) < self._macs else math.inf
        self.network.set_submodule(name, layer)
        return ranks, cost

    def _pays(self, cost: float) -> bool:
        return self._cost - cost > self._least_saving
