"""Lowers an exported torch program to ExecuTorch's XNNPACK kernels."""

import warnings
from typing import Any

from nas_service.domain.formats import LARGEST_BATCHES

LARGEST_BATCH = LARGEST_BATCHES["executorch"]
"""ExecuTorch plans its memory for the largest batch, so a program for any batch size needs one."""


def lowered(program: Any) -> bytes:
    """The content of a `.pte` file. Its `torch.export.ExportedProgram` takes batches of at most LARGEST_BATCH images.

    Needs the extra `executorch`.
    """
    from torch.backends import mkldnn, nnpack

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # executorch uses what torch and Python have deprecated
        from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
        from executorch.exir import to_edge_transform_and_lower

        # Torch would ask itself whether these pay for a convolution, from 16 images on, and so bound the batch to 15.
        with mkldnn.flags(enabled=False), nnpack.flags(enabled=False):
            edge = to_edge_transform_and_lower(program, partitioner=[XnnpackPartitioner()])
            content: bytes = edge.to_executorch().buffer
    return content
