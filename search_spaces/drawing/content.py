"""What a drawing shows of a plan: stages, and in each the runs of identical blocks."""

from dataclasses import dataclass
from itertools import groupby

from search_spaces import BlockPlan, NetworkPlan


@dataclass(frozen=True, slots=True)
class Run:
    """`count` consecutive blocks that differ in nothing. The shares are of the whole network, for all of them."""

    block: BlockPlan
    count: int
    macs_share: float
    params_share: float

    @property
    def pools_first(self) -> bool:
        """Whether a 2 x 2 pool stands before the block."""
        return self.block.downsample in ("max", "avg")


@dataclass(frozen=True, slots=True)
class Stage:
    """Consecutive blocks that belong together."""

    name: str
    runs: tuple[Run, ...]

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all its blocks."""
        return sum(run.count * run.block.macs for run in self.runs)

    @property
    def params(self) -> int:
        """Parameters of all its blocks."""
        return sum(run.count * run.block.params for run in self.runs)


def stages_of(plan: NetworkPlan) -> list[Stage]:
    """Stem, stages and head of a plan, in the order they run."""
    return [
        Stage(_name(number, plan.stage_count), tuple(_run(list(same), plan) for _, same in groupby(blocks)))
        for number, blocks in groupby(plan.blocks, key=lambda block: block.stage)
    ]


def _name(number: int, stage_count: int) -> str:
    if number < 0:
        return "Stem"
    return f"Stage {number + 1}" if number < stage_count else "Head"


def _run(blocks: list[BlockPlan], plan: NetworkPlan) -> Run:
    block, count = blocks[0], len(blocks)
    return Run(block, count, count * block.macs / plan.macs, count * block.params / plan.params)
