"""Index rows of `mobilenet` as block tables: the single source of what its networks look like."""

from collections.abc import Sequence

import numpy as np

from search_spaces.channels import make_divisible
from search_spaces.columns import Columns
from search_spaces.mobilenet.depth import FIRST_UNIFORM, built_depth
from search_spaces.mobilenet.presets import Preset
from search_spaces.mobilenet.rank import pointwise_ranks
from search_spaces.plan import ACTIVATIONS, DOWNSAMPLES, KINDS, POOLINGS, NetworkInput
from search_spaces.table import BlockColumn, BlockTable, IntArray, TableBuilder, downsample_code, is_kind, kind_code
from search_spaces.vocabulary import Choice

SQUEEZE = 4  # squeeze-and-excite keeps one channel in four, as MobileNetV3 does
HARD_SWISH = ACTIVATIONS.index("hard_swish")


def layout(preset: Preset, choices: Sequence[Choice], indices: IntArray, network_input: NetworkInput) -> BlockTable:
    """The networks of these masked index rows (n, c). Stem and head are hard-swish, as in MobileNetV3."""
    columns = Columns(choices, indices)
    multiplier = columns.numbers("width_multiplier")
    stage_count = columns.whole("stages")
    builder = TableBuilder(size=columns.whole("resolution"), channels=np.full(len(indices), network_input.channels))

    def width(base: IntArray | int) -> IntArray:
        return make_divisible(base * multiplier, preset.divisor)

    stem_downsample = downsample_code("stride" if preset.stem_stride == 2 else "")
    builder.add(
        BlockColumn(
            kind_code("conv"),
            stage=-1,
            out_channels=width(columns.whole("stem_width")),
            kernel=3,
            downsample=stem_downsample,
            activation=HARD_SWISH,
        )
    )
    for stage, base_width in enumerate(preset.stage_widths):
        _add_stage(builder, preset, columns, stage, width(base_width))
    head = BlockColumn(kind_code("conv"), stage_count, width(columns.whole("head_width")), activation=HARD_SWISH)
    builder.add(head)
    builder.add(BlockColumn(kind_code("global_pool"), stage_count, builder.channels))
    builder.add(BlockColumn(kind_code("classifier"), stage_count, network_input.class_count))
    return builder.table()


def _add_stage(builder: TableBuilder, preset: Preset, columns: Columns, stage: int, out_channels: IntArray) -> None:
    """The blocks of one stage in the networks that have it; the first one changes width and image side."""
    prefix = f"stage{stage + 1}_"
    if not columns.has(prefix + "kind"):
        return
    exists = columns.whole("stages") > stage
    kind = columns.codes(prefix + "kind", KINDS)
    expands = is_kind(kind, "inverted", "fused")
    squeezes = expands & (columns.whole(prefix + "squeeze_excite") == 1)
    depth = built_depth(columns.whole(prefix + "depth"), columns.numbers("depth_multiplier"))
    by_stride = is_kind(kind, "pool")
    downsample = np.where(by_stride, downsample_code("stride"), columns.codes(prefix + "downsample", DOWNSAMPLES))
    fused = is_kind(kind, "fused")
    kernel = np.where(fused, columns.whole(prefix + "fused_kernel"), columns.whole(prefix + "kernel"))
    shares = columns.whole(prefix + "share") == 1
    rank = columns.numbers(prefix + "rank") if columns.has(prefix + "rank") else None
    for position in range(int(depth[exists].max(initial=0))):
        mid_channels = np.where(expands, builder.channels * columns.whole(prefix + "expansion"), 0)
        squeezed = make_divisible(mid_channels // SQUEEZE, preset.divisor)
        channels = (builder.channels, mid_channels, out_channels)
        expand_rank, project_rank = pointwise_ranks(rank, is_kind(kind, "inverted"), channels, preset.divisor)
        builder.add(
            BlockColumn(
                kind=kind,
                stage=stage,
                out_channels=out_channels,
                kernel=kernel,
                mid_channels=mid_channels,
                downsample=downsample if preset.downsampling[stage] and position == 0 else 0,
                pooling=np.where(by_stride, columns.codes(prefix + "pooling", POOLINGS), 0),
                se_channels=np.where(squeezes, squeezed, 0),
                activation=columns.codes(prefix + "activation", ACTIVATIONS),
                shared=shares & (position > FIRST_UNIFORM),
                expand_rank=expand_rank,
                project_rank=project_rank,
                exists=exists & (position < depth),
            )
        )
