"""One set of weights for every architecture of a space: a weight-sharing supernet, from the space's own declaration.

A plan says what each network looks like, so sharing needs no elastic layers: the supernet holds each block once, as
large as any architecture has it, and a subnet is the plain network of its plan whose parameters are leading slices of
these (channels, expansion and depth as in BigNAS, Yu et al., ECCV 2020), with kernels cut from the centre of the
largest and passed through a learned matrix (Once-for-All, Cai et al., ICLR 2020, section 3.3). Blocks of different
kinds, and blocks at different places, share nothing.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call

from search_spaces.architecture import Architecture
from search_spaces.blocks import block_of
from search_spaces.errors import SpaceError
from search_spaces.network import Network, build, initialise
from search_spaces.plan import BlockKind, BlockPlan, NetworkInput, NetworkPlan
from search_spaces.registry import builder_module
from search_spaces.space import SearchSpace
from search_spaces.table import IntArray

MAX_BLOCKS = 4096
"""Blocks of subnets that are kept, of some ten KB each."""


class Slot(NamedTuple):
    """A place in the supernet: architectures that have a block here share its weights."""

    stage: int
    position: int
    """Among the blocks of its stage, from 0."""
    kind: BlockKind

    def __str__(self) -> str:
        return f"{'stem' if self.stage < 0 else self.stage}-{self.position}-{self.kind}"


class Supernet(nn.Module):
    """The shared weights of a space for one kind of input. Deterministic for a given torch seed."""

    def __init__(self, space: SearchSpace, network_input: NetworkInput) -> None:
        """Raises SpaceError for a space whose `build.py` makes networks of its own, and for optional choices."""
        super().__init__()
        self.prepare: Callable[[nn.Module], object] = _nothing
        """Done once to each block that subnets compute with, such as having it train by faster kernels."""
        self._blocks: dict[tuple[Slot, BlockPlan], nn.Module] = {}
        if builder_module(space.name) is not None:
            raise SpaceError(
                f"{space.name} builds its own networks, whose weights cannot be shared; train from scratch"
            )
        if optional := [choice.name for choice in space.choices if choice.default is not None]:
            raise SpaceError(f"a supernet knows nothing of {', '.join(optional)}; leave it out, or train from scratch")
        self.space, self.network_input = space, network_input
        largest = largest_blocks([space.plan(a, network_input) for a in covering(space)])
        self.slots = nn.ModuleDict({str(slot): block_of(block) for slot, block in largest.items()})
        initialise(self.slots)
        self.kernel_steps = nn.ParameterDict(
            {
                _step_name(slot, suffix, side): torch.eye(side * side)
                for slot, block in self.slots.items()
                for suffix, weight in block.named_parameters()
                if weight.ndim == 4
                for side in range(weight.shape[-1] - 2, 1, -2)
            }
        )

    def weights(self, plan: NetworkPlan) -> dict[str, Tensor]:
        """The parameters of the plan's network by their names in it, as differentiable functions of the shared ones."""
        found: dict[str, Tensor] = {}
        for number, (slot, block) in enumerate(zip(slots_of(plan), plan.blocks, strict=True)):
            shared = self.slots[str(slot)]
            for name, shape in parameter_shapes(block).items():
                suffix = name.removeprefix("body.")
                whole = shared.get_parameter(suffix)
                found[f"blocks.{number}.{name}"] = self._slice(whole, shape, str(slot), suffix)
        return found

    def subnet(self, architecture: Architecture) -> "Subnet":
        """The architecture's network for training: it computes with the shared weights as they are at each call."""
        plan = self.space.plan(architecture, self.network_input)
        blocks = [self._block(slot, block) for slot, block in zip(slots_of(plan), plan.blocks, strict=True)]
        return Subnet(self, Network(plan, blocks))

    @torch.no_grad()
    def extract(self, architecture: Architecture) -> nn.Module:
        """A plain network of its own with a copy of these weights; its batch norm statistics are to be recalibrated."""
        network = build(self.space, architecture, self.network_input)
        weights = self.weights(self.space.plan(architecture, self.network_input))
        network.load_state_dict({**network.state_dict(), **weights})
        return network

    def _block(self, slot: Slot, plan: BlockPlan) -> nn.Module:
        """What a subnet's block computes with. Its parameters are never read, so that it is made once for all."""
        plan = replace(plan, in_size=0, out_size=0, macs=0, peak_activation_bytes=0)
        if (slot, plan) not in self._blocks:
            if len(self._blocks) >= MAX_BLOCKS:
                self._blocks.clear()
            with torch.device("meta"):
                block = block_of(plan)
            for module in block.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.to_empty(device=next(self.parameters()).device).reset_running_stats()
            self.prepare(block)
            self._blocks[slot, plan] = block
        return self._blocks[slot, plan]

    def _slice(self, shared: Tensor, shape: Sequence[int], slot: str, suffix: str) -> Tensor:
        """The leading `shape[0] x shape[1]` of a shared parameter, its kernel stepped down to `shape[2]`."""
        part = shared[tuple(slice(0, size) for size in shape[:2])]
        if len(shape) == 4:
            for side in range(shared.shape[-1] - 2, shape[-1] - 1, -2):
                centre = part[..., 1:-1, 1:-1].reshape(*part.shape[:2], side * side)
                part = (centre @ self.kernel_steps[_step_name(slot, suffix, side)]).view(*part.shape[:2], side, side)
        return part


class Subnet:
    """One architecture on the supernet's weights: computes, and passes gradients, without weights of its own.

    It shares its blocks' batch norm statistics with other subnets, so it computes in training mode, where nothing
    reads them; `Supernet.extract` gives what can be evaluated.
    """

    def __init__(self, supernet: Supernet, network: Network) -> None:
        self._supernet, self._network = supernet, network

    def __call__(self, x: Tensor) -> Tensor:
        """Images (N, C, H, W) to logits (N, classes)."""
        logits: Tensor = functional_call(
            self._network, self._supernet.weights(self._network.plan), (x,), tie_weights=False
        )
        return logits


@lru_cache(maxsize=100_000)
def parameter_shapes(block: BlockPlan) -> Mapping[str, tuple[int, ...]]:
    """The parameters of one block's module by name."""
    with torch.device("meta"):
        return {name: tuple(parameter.shape) for name, parameter in block_of(block).named_parameters()}


def slots_of(plan: NetworkPlan) -> list[Slot]:
    """The slot of each block of a plan."""
    seen: Counter[int] = Counter()
    slots = []
    for block in plan.blocks:
        slots.append(Slot(block.stage, seen[block.stage], block.kind))
        seen[block.stage] += 1
    return slots


def largest_blocks(plans: Sequence[NetworkPlan]) -> dict[Slot, BlockPlan]:
    """For each slot a block as large, in every respect, as any of the plans has there."""
    largest: dict[Slot, BlockPlan] = {}
    sizes = ("in_channels", "mid_channels", "out_channels", "kernel", "se_channels")
    for plan in plans:
        for slot, block in zip(slots_of(plan), plan.blocks, strict=True):
            known = largest.setdefault(slot, replace(block, downsample="", stride=1))
            largest[slot] = replace(known, **{name: max(getattr(known, name), getattr(block, name)) for name in sizes})
    return largest


def covering(space: SearchSpace) -> list[Architecture]:
    """Architectures that together reach every block at its largest: each option once, all else at its most."""
    most = [len(choice.options) - 1 for choice in space.choices]
    rows = [
        [option if place == changed else top for place, top in enumerate(most)]
        for changed, choice in enumerate(space.choices)
        for option in range(len(choice.options))
    ]
    return list({a.key: a for a in space.from_indices(np.array(rows))}.values())


def extremes(space: SearchSpace, rng: np.random.Generator, count: int, *, largest: bool) -> list[Architecture]:
    """Architectures with every ordinal choice at its most (or least), and the others drawn at random."""
    rows: IntArray = rng.integers(0, [len(c.options) for c in space.choices], (count, len(space.choices)))
    for place, choice in enumerate(space.choices):
        if choice.ordinal:
            rows[:, place] = len(choice.options) - 1 if largest else 0
    return space.from_indices(rows)


def _nothing(_block: nn.Module) -> None:
    """Leaves a block as it is."""


def _step_name(slot: str, suffix: str, side: int) -> str:
    return f"{slot}/{suffix.replace('.', '/')}/{side}"
