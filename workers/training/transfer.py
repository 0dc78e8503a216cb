"""How batches reach the device that computes."""

import torch
from torch import Tensor


def on_device(batch: Tensor, device: torch.device) -> Tensor:
    """The batch there. A GPU copies from pinned memory, which does not wait until it has done all work before: where
    several processes share a GPU, each such wait would cost a turn of all others."""
    if device.type != "cuda":
        return batch.to(device)
    return batch.pin_memory().to(device, non_blocking=True)
