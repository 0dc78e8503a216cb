"""Compression: from a trained network to a smaller or faster one that does the same."""

from workers.compression.contract import Compressed, Workbench
from workers.training.loop import Loop

__all__ = ["Compressed", "Loop", "Workbench"]
