"""One row of a block table as a `NetworkPlan`."""

from search_spaces.cost import BlockCost, block_costs
from search_spaces.plan import ACTIVATIONS, DOWNSAMPLES, KINDS, POOLINGS, BlockPlan, NetworkInput, NetworkPlan
from search_spaces.table import ABSENT, BlockTable


def plan_of(table: BlockTable, space: str, network_input: NetworkInput, row: int = 0) -> NetworkPlan:
    """The blocks that the network in this row has, in the order they run."""
    costs = block_costs(table)
    present = [column for column, kind in enumerate(table.kind[row]) if kind != ABSENT]
    blocks = tuple(_block(table, costs, row, column) for column in present)
    return NetworkPlan(space, int(table.resolution[row]), network_input, blocks)


def _block(table: BlockTable, costs: BlockCost, row: int, column: int) -> BlockPlan:
    at = (row, column)
    return BlockPlan(
        kind=KINDS[table.kind[at]],
        stage=int(table.stage[at]),
        in_channels=int(table.in_channels[at]),
        mid_channels=int(table.mid_channels[at]),
        out_channels=int(table.out_channels[at]),
        kernel=int(table.kernel[at]),
        stride=int(table.stride[at]),
        downsample=DOWNSAMPLES[table.downsample[at]],
        pooling=POOLINGS[table.pooling[at]],
        se_channels=int(table.se_channels[at]),
        activation=ACTIVATIONS[table.activation[at]],
        residual=bool(table.residual[at]),
        in_size=int(table.in_size[at]),
        out_size=int(table.out_size[at]),
        macs=int(costs.macs[at]),
        params=int(costs.params[at]),
        weight_bytes=int(costs.weight_bytes[at]),
        peak_activation_bytes=int(costs.peak_activation_bytes[at]),
        shared=bool(table.shared[at]),
        expand_rank=int(table.expand_rank[at]),
        project_rank=int(table.project_rank[at]),
    )
