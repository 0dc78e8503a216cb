"""Compression: from a trained network to a smaller or faster one that does the same."""

from workers.compression.contract import Compressed, Loop, Workbench

__all__ = ["Compressed", "Loop", "Workbench"]
