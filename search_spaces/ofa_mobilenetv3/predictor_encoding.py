"""The 128 features that the published Once-for-All accuracy predictor takes."""

import numpy as np
from numpy.typing import NDArray

from search_spaces.columns import Columns
from search_spaces.ofa_mobilenetv3.space import BLOCKS, EXPANSIONS, KERNELS, STAGES, OfaMobileNetV3Space
from search_spaces.table import IntArray

FIRST_RESOLUTION, RESOLUTION_STEP, RESOLUTION_SLOTS = 112, 16, 8


def predictor_features(space: OfaMobileNetV3Space, indices: IntArray) -> NDArray[np.float32]:
    """Canonical index rows (n, c) as (n, 128): kernel one-hot of the 20 blocks, expansion one-hot of the 20 blocks
    (all zero for a block that is not kept), resolution one-hot from 112 in steps of 16. Depth is implied."""
    columns = Columns(space.choices, indices)
    features = []
    for choice, options in (("kernel", KERNELS), ("expansion", EXPANSIONS)):
        for stage in STAGES:
            kept = columns.whole(f"stage{stage}_depth")
            for block in BLOCKS:
                value = columns.whole(f"stage{stage}_block{block}_{choice}")
                features.append((value[:, None] == options) & (kept >= block)[:, None])
    slot = (columns.whole("resolution") - FIRST_RESOLUTION) // RESOLUTION_STEP
    features.append(slot[:, None] == np.arange(RESOLUTION_SLOTS))
    return np.concatenate(features, axis=1).astype(np.float32)
